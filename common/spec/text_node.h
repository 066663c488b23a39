// Protobuf text format into a Node.
#ifndef PACELINE_COMMON_SPEC_TEXT_NODE_H_
#define PACELINE_COMMON_SPEC_TEXT_NODE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/spec/node.h"

namespace paceline {

// The fields of one message: `name: value`, `name { ... }`, `name: [a, b]`, # comments.
// A repeated field may be given many times: its key repeats in the map.
//
// Errors:  InvalidArgument    no text format, an extension or an Any; names the line.
//          ResourceExhausted  deeper or larger than the limits of node.h.
absl::StatusOr<Node> ParseText(absl::string_view text);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_TEXT_NODE_H_

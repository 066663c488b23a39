// JSON text into a Node.
#ifndef PACELINE_COMMON_SPEC_JSON_NODE_H_
#define PACELINE_COMMON_SPEC_JSON_NODE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/spec/node.h"

namespace paceline {

// One JSON value. Comments (// and /* */) are allowed.
//
// Errors:  InvalidArgument    no JSON; names the line.
//          ResourceExhausted  deeper or larger than the limits of node.h.
absl::StatusOr<Node> ParseJson(absl::string_view text);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_JSON_NODE_H_

// YAML text into a Node.
#ifndef PACELINE_COMMON_SPEC_YAML_NODE_H_
#define PACELINE_COMMON_SPEC_YAML_NODE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/spec/node.h"

namespace paceline {

// One YAML document. Aliases are written out; merge keys (<<) are ordinary keys.
//
// Errors:  InvalidArgument    no YAML, more than one document, or a key that is no
//                             plain text; names the line.
//          ResourceExhausted  deeper or larger than the limits of node.h.
absl::StatusOr<Node> ParseYaml(absl::string_view text);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_YAML_NODE_H_

// Job files: YAML, JSON or textproto into JobSpec, by one walk over the descriptor.
#ifndef PACELINE_COMMON_SPEC_PARSE_H_
#define PACELINE_COMMON_SPEC_PARSE_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/spec/problem.h"
#include "proto/job.pb.h"

namespace paceline {

enum class SpecFormat { kYaml, kJson, kTextproto };

// By the name's ending: .json is JSON; .textproto, .txtpb, .pbtxt and .textpb are
// textproto; all else is YAML.
SpecFormat FormatOf(absl::string_view file_name);

// Longest job file, in bytes.
inline constexpr size_t kMaxSpecBytes = 1 << 20;

struct ParsedSpec {
  // What could be read; to be used only when there are no problems.
  v1::JobSpec spec;
  // Line of each field given, by path.
  std::map<std::string, int> lines;
  // Syntax errors, unknown keys, wrong types, numbers out of their type's range.
  std::vector<Problem> problems;
};

// Reads a job file's text. Enum values are the lower-case words of the reference
// (`kind: mlp`) or the full proto names (MODEL_KIND_MLP).
ParsedSpec ParseSpec(absl::string_view text, SpecFormat format);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_PARSE_H_

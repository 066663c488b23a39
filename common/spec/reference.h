// The reference of the job spec, made of proto/job.proto's comments: they are its
// only source. The descriptor with comments is compiled in.
#ifndef PACELINE_COMMON_SPEC_REFERENCE_H_
#define PACELINE_COMMON_SPEC_REFERENCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline {

// What a field means, what it may hold, and the fields below it. `path` is
// `train.optimizer`, also `job.train.optimizer`; `job` or nothing is the whole spec.
// Lines of at most 90 characters, as far as words allow.
//
// Errors:  NotFound  no such field; names the nearest.
absl::StatusOr<std::string> Explain(absl::string_view path);

// docs/job-spec.md.
std::string JobSpecMarkdown();

// The example in the reference: a valid job file in YAML.
absl::string_view ExampleJob();

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_REFERENCE_H_

// The rules of a job spec: everything that proto/job.proto's comments promise,
// and what fields mean together.
#ifndef PACELINE_COMMON_SPEC_VALIDATE_H_
#define PACELINE_COMMON_SPEC_VALIDATE_H_

#include <vector>

#include "common/spec/problem.h"
#include "proto/job.pb.h"

namespace paceline {

// All problems of `spec`, in field order; empty when it can be run. Takes a spec
// with or without defaults. Looks at no file and no cluster: whether data exist
// and resources suffice shows later. File paths must be absolute (ResolvePaths).
//
//   absl::Status ok = ToStatus(Validate(WithDefaults(spec)));
std::vector<Problem> Validate(const v1::JobSpec& spec);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_VALIDATE_H_

// File paths of a job spec.
#ifndef PACELINE_COMMON_SPEC_PATHS_H_
#define PACELINE_COMMON_SPEC_PATHS_H_

#include "absl/strings/string_view.h"
#include "proto/job.pb.h"

namespace paceline {

// Makes the relative paths of data files and of the folders of cuts and curves absolute:
// they are meant from `folder` (absolute: where the job file lies). Paths are
// normalised lexically; no file is looked at.
void ResolvePaths(absl::string_view folder, v1::JobSpec* spec);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_PATHS_H_

// proto/job.proto with its comments, as a serialised FileDescriptorSet. The source
// is generated (BUILD.bazel).
#ifndef PACELINE_COMMON_SPEC_JOB_DESCRIPTOR_H_
#define PACELINE_COMMON_SPEC_JOB_DESCRIPTOR_H_

#include "absl/strings/string_view.h"

namespace paceline {

absl::string_view JobDescriptorBytes();

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_JOB_DESCRIPTOR_H_

// The version of this build. All daemons of a cluster must have the same.
#ifndef PACELINE_COMMON_VERSION_VERSION_H_
#define PACELINE_COMMON_VERSION_VERSION_H_

#include "absl/strings/string_view.h"

namespace paceline {

inline constexpr absl::string_view kVersion = "0.1.0";

}  // namespace paceline

#endif  // PACELINE_COMMON_VERSION_VERSION_H_

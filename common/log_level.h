// The level of the log (common/log.h) while the process runs.
//
// Thread-safe.
#ifndef PACELINE_COMMON_LOG_LEVEL_H_
#define PACELINE_COMMON_LOG_LEVEL_H_

#include "absl/strings/string_view.h"
#include "common/log.h"

namespace paceline {

// As ParseLogLevel takes it.
absl::string_view LogLevelName(LogLevel level);

// From now on lines of this level and above.
void SetLogLevel(LogLevel level);
LogLevel GetLogLevel();

}  // namespace paceline

#endif  // PACELINE_COMMON_LOG_LEVEL_H_

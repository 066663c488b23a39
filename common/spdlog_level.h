// A level of ours as spdlog's.
#ifndef PACELINE_COMMON_SPDLOG_LEVEL_H_
#define PACELINE_COMMON_SPDLOG_LEVEL_H_

#include <spdlog/common.h>

#include "common/log.h"

namespace paceline {

inline spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace paceline

#endif  // PACELINE_COMMON_SPDLOG_LEVEL_H_

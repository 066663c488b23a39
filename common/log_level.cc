#include "common/log_level.h"

#include <spdlog/spdlog.h>

#include "common/spdlog_level.h"

namespace paceline {
namespace {

// log.cc makes its logger spdlog's default one.
spdlog::logger* Logger() {
  // It exists from the first line on.
  (void)LogEnabled(LogLevel::kError);
  return spdlog::default_logger_raw();
}

}  // namespace

absl::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

void SetLogLevel(LogLevel level) { Logger()->set_level(ToSpdlog(level)); }

LogLevel GetLogLevel() {
  switch (Logger()->level()) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return LogLevel::kDebug;
    case spdlog::level::info:
      return LogLevel::kInfo;
    case spdlog::level::warn:
      return LogLevel::kWarning;
    default:
      return LogLevel::kError;
  }
}

}  // namespace paceline

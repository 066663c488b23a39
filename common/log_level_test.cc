#include "common/log_level.h"

#include <catch2/catch.hpp>

#include "common/log.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("the level changes while the program runs") {
  CHECK(GetLogLevel() == LogLevel::kInfo);
  InitLogging({.level = LogLevel::kWarning});
  CHECK(GetLogLevel() == LogLevel::kWarning);
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    SetLogLevel(level);
    CHECK(GetLogLevel() == level);
    CHECK(LogEnabled(level));
    CHECK(LogEnabled(LogLevel::kWarning) == (level <= LogLevel::kWarning));
    REQUIRE_OK_AND_ASSIGN(const LogLevel parsed, ParseLogLevel(LogLevelName(level)));
    CHECK(parsed == level);
  }
}

}  // namespace
}  // namespace paceline

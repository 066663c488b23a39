#include "common/log.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("text lines quote only what needs it") {
  REQUIRE(FormatLogLine(LogFormat::kText, "worker lost",
                        {{"rank", 3},
                         {"cause", "SIGKILL"},
                         {"host", "a b"},
                         {"empty", ""},
                         {"last", true},
                         {"after", absl::Milliseconds(1500)},
                         {"status", absl::NotFoundError("x")}}) ==
          R"(msg="worker lost" rank=3 cause=SIGKILL host="a b" empty="" last=true after=1.5s )"
          R"(status="NOT_FOUND: x")");
}

TEST_CASE("json lines parse back, whatever the text") {
  const std::string nasty = "quote\" slash\\ line\nend\ttab\x01";
  const std::string line = "{" +
                           FormatLogLine(LogFormat::kJson, nasty,
                                         {{"text", nasty},
                                          {"big", std::numeric_limits<std::uint64_t>::max()},
                                          {"negative", -5},
                                          {"half", 0.5},
                                          {"nan", std::numeric_limits<double>::quiet_NaN()},
                                          {"yes", true}}) +
                           "}";
  REQUIRE(line.find('\n') == std::string::npos);
  const nlohmann::json json = nlohmann::json::parse(line);
  REQUIRE(json["msg"] == nasty);
  REQUIRE(json["text"] == nasty);
  REQUIRE(json["big"] == std::numeric_limits<std::uint64_t>::max());
  REQUIRE(json["negative"] == -5);
  REQUIRE(json["half"] == 0.5);
  REQUIRE(json["nan"] == "nan");
  REQUIRE(json["yes"] == true);
}

TEST_CASE("levels and formats by name") {
  REQUIRE_OK_AND_ASSIGN(const LogLevel level, ParseLogLevel("warning"));
  REQUIRE(level == LogLevel::kWarning);
  REQUIRE_OK_AND_ASSIGN(const LogFormat format, ParseLogFormat("json"));
  REQUIRE(format == LogFormat::kJson);
  REQUIRE_STATUS(ParseLogLevel("loud"), absl::StatusCode::kInvalidArgument, "loud");
  REQUIRE_STATUS(ParseLogFormat("xml"), absl::StatusCode::kInvalidArgument, "xml");
}

TEST_CASE("a level switches off what lies below it") {
  InitLogging({.level = LogLevel::kWarning});
  REQUIRE_FALSE(LogEnabled(LogLevel::kInfo));
  REQUIRE(LogEnabled(LogLevel::kError));
  InitLogging({.level = LogLevel::kDebug, .format = LogFormat::kJson, .role = "100%n"});
  REQUIRE(LogEnabled(LogLevel::kDebug));
  LogDebug("visible {} %d", {{"n", 1}});
}

}  // namespace
}  // namespace paceline

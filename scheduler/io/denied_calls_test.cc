#include "scheduler/io/denied_calls.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/fake_clock.h"
#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline::scheduler {
namespace {

using nlohmann::json;

const Identity kEve = {.role = Role::kViewer, .name = "eve"};
const Identity kBob = {.role = Role::kUser, .name = "bob"};

DeniedCall Call(const Identity& caller, const std::string& method) {
  return {.caller = caller, .method = method, .why = absl::PermissionDeniedError("not yours")};
}

struct Fixture {
  MemoryFileSystem fs;
  FakeClock clock;
  AuditLog audit{{.fs = &fs, .clock = &clock, .path = "/audit.log"}};
  DeniedCalls calls{&audit, &clock};

  // What was written; ends the log.
  std::vector<json> Lines() {
    audit.Stop();
    REQUIRE_OK_AND_ASSIGN(const std::string text, ReadFile(fs, "/audit.log"));
    std::vector<json> lines;
    for (const auto& line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      lines.push_back(json::parse(std::string(line)));
    }
    return lines;
  }
};

TEST_CASE("a call that is denied is a line: who, what and why") {
  Fixture f;
  f.calls.Record(Call(kEve, "/paceline.v1.Scheduler/BackupState"));
  f.calls.Record(Call(kBob, "/paceline.v1.Daemon/SetLogLevel"));
  const std::vector<json> lines = f.Lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["role"] == "viewer");
  CHECK(lines[0]["name"] == "eve");
  CHECK(lines[0]["peer"] == "");
  CHECK(lines[0]["method"] == "BackupState");
  CHECK(lines[0]["code"] == "PERMISSION_DENIED");
  CHECK(lines[0]["message"] == "not yours");
  CHECK(lines[1]["name"] == "bob");
  CHECK(lines[1]["method"] == "/paceline.v1.Daemon/SetLogLevel");
}

TEST_CASE("who is denied again and again fills no more than a part of the log") {
  Fixture f;
  for (uint64_t i = 0; i < DeniedCalls::kLinesPerMinute + 7; ++i) f.calls.Record(Call(kEve, "/x"));
  // Others are recorded all the same.
  f.calls.Record(Call(kBob, "/y"));
  f.clock.Advance(absl::Minutes(1));
  f.calls.Record(Call(kEve, "/z"));
  const std::vector<json> lines = f.Lines();
  REQUIRE(lines.size() == DeniedCalls::kLinesPerMinute + 2);
  CHECK(lines[DeniedCalls::kLinesPerMinute - 1]["method"] == "/x");
  CHECK(lines[DeniedCalls::kLinesPerMinute]["method"] == "/y");
  CHECK(lines[DeniedCalls::kLinesPerMinute]["message"] == "not yours (left out before: 7)");
  CHECK(lines.back()["method"] == "/z");
  CHECK(lines.back()["message"] == "not yours");
}

TEST_CASE("what a caller chose to call is cut, and what was left out is not") {
  Fixture f;
  const std::string made_up = "/" + std::string(5000, 'a');
  const DeniedCall call = {
      .caller = kEve, .method = made_up, .why = absl::PermissionDeniedError(made_up)};
  for (uint64_t i = 0; i <= DeniedCalls::kLinesPerMinute; ++i) f.calls.Record(call);
  f.clock.Advance(absl::Minutes(1));
  f.calls.Record(call);
  const json last = f.Lines().back();
  CHECK(last["method"].get<std::string>().size() == DeniedCalls::kMaxMethodBytes);
  CHECK_THAT(last["message"].get<std::string>(), Catch::EndsWith("aaa (left out before: 1)"));
}

}  // namespace
}  // namespace paceline::scheduler

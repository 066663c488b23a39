#include "common/failpoint/test_faults.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "common/failpoint/failpoint.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using Action = FailpointRule::Action;

constexpr auto kBad = absl::StatusCode::kInvalidArgument;

TEST_CASE("actions and the hits they are for") {
  REQUIRE_OK_AND_ASSIGN(
      const TestFaults faults,
      ParseTestFaults("server.push.reply=kill@100, server.push.receive=error(RESOURCE_EXHAUSTED),"
                      "scheduler.journal.append.after=delay(1.5s)@3+,server.push.reply=hang"));
  REQUIRE(faults.failpoints.size() == 4);
  const FailpointRule& kill = faults.failpoints[0];
  CHECK(kill.failpoint == FailpointName("server.push.reply").index());
  CHECK(kill.action == Action::kKill);
  CHECK(kill.first == 100);
  CHECK(kill.last == 100);
  const FailpointRule& error = faults.failpoints[1];
  CHECK(error.action == Action::kError);
  CHECK(error.code == absl::StatusCode::kResourceExhausted);
  CHECK(error.first == 1);
  CHECK(error.last == FailpointRule().last);
  const FailpointRule& delay = faults.failpoints[2];
  CHECK(delay.action == Action::kDelay);
  CHECK(delay.delay == absl::Milliseconds(1500));
  CHECK(delay.first == 3);
  CHECK(delay.last == FailpointRule().last);
  CHECK(faults.failpoints[3].action == Action::kHang);
  CHECK(faults.rpc.empty());
}

TEST_CASE("faults of calls") {
  REQUIRE_OK_AND_ASSIGN(
      const TestFaults faults,
      ParseTestFaults("rpc.Push=lose_request:50+lose_reply:20+duplicate:30+delay(20ms):100,"
                      "rpc.*=delay(1s):1000,seed=7"));
  CHECK(faults.failpoints.empty());
  CHECK(faults.rpc.seed == 7);
  const RpcFaultRates& push = faults.rpc.methods.at("Push");
  CHECK(push.lose_request == 50);
  CHECK(push.lose_reply == 20);
  CHECK(push.duplicate == 30);
  CHECK(push.delay == 100);
  CHECK(push.delay_by == absl::Milliseconds(20));
  CHECK(faults.rpc.methods.at("*").delay == 1000);
}

TEST_CASE("nothing is a value, too") {
  REQUIRE_OK_AND_ASSIGN(const TestFaults faults, ParseTestFaults(""));
  CHECK(faults.failpoints.empty());
  CHECK(faults.rpc.empty());
  EnableTestFaults(faults);
  CHECK_OK(Failpoint("server.push.receive"));
}

TEST_CASE("a wrong item is quoted, with what was expected") {
  const auto fails = [](const char* text, const char* part) {
    CHECK_STATUS(ParseTestFaults(text), kBad, part);
  };
  fails("server.push.recieve=kill", "did you mean server.push.receive?");
  fails("nonsense=kill", "unknown failpoint \"nonsense\"");
  fails("rpc.Pusj=lose_request:1", "did you mean Push?");
  fails("server.push.reply", "--test-faults: server.push.reply: name=value expected");
  fails("server.push.reply=die", "kill, error(CODE), delay(20ms) or hang expected, got \"die\"");
  fails("server.push.reply=kill(1)", "expected, got \"kill(1)\"");
  fails("server.push.reply=error(OK)", "a code like UNAVAILABLE expected, got \"OK\"");
  fails("server.push.reply=delay(5)", "a time like 20ms or 1.5s expected, got \"5\"");
  fails("server.push.reply=delay(-5s)", "expected, got \"-5s\"");
  fails("server.push.reply=kill@0", "counted from 1");
  fails("server.push.reply=kill@", "the number of a hit");
  fails("scheduler.journal.append.after=error(ABORTED)", "cannot fail any more");
  fails("rpc.Push=lose_request", "0 to 1000, expected, got \"\"");
  fails("rpc.Push=lose_request:1001", "0 to 1000, expected, got \"1001\"");
  fails("rpc.Push=reorder:1", "lose_request, lose_reply, duplicate or delay(20ms) expected");
  fails("seed=x", "seed: a number expected, got \"x\"");
  fails("seed=1,,", "name=value expected, got \"\"");
}

TEST_CASE("the flag arms the failpoints") {
  REQUIRE_OK_AND_ASSIGN(const TestFaults faults,
                        ParseTestFaults("server.push.reply=error(ABORTED)"));
  EnableTestFaults(faults);
  CHECK_STATUS(Failpoint("server.push.reply"), absl::StatusCode::kAborted, "server.push.reply");
  DisarmFailpoints();
}

TEST_CASE("docs/testing.md lists the failpoints that there are") {
  std::vector<std::string> documented;
  std::ifstream docs("docs/testing.md");
  const std::regex row(R"(^\| `((scheduler|server|task|worker)\.[a-z_.]+)` \|.*)");
  for (std::string line; std::getline(docs, line);) {
    std::smatch match;
    if (std::regex_match(line, match, row)) documented.push_back(match[1]);
  }
  std::vector<std::string> declared;
  for (const FailpointDeclaration& one : kFailpoints) declared.emplace_back(one.name);
  CHECK(documented == declared);
}

}  // namespace
}  // namespace paceline

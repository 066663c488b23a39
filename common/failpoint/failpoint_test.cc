#include "common/failpoint/failpoint.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <thread>
#include <vector>

#include "common/failpoint/arm.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

using Action = FailpointRule::Action;

constexpr FailpointName kPush = "server.push.receive";

FailpointRule Rule(Action action) {
  return {.failpoint = kPush.index(), .action = action, .code = absl::StatusCode::kAborted};
}

struct Armed {
  explicit Armed(const std::vector<FailpointRule>& rules) { ArmFailpoints(rules); }
  ~Armed() { DisarmFailpoints(); }
};

TEST_CASE("a failpoint that is not armed does nothing and counts nothing") {
  CHECK_OK(Failpoint(kPush));
  CHECK(FailpointHits(kPush) == 0);
  const Armed armed({Rule(Action::kError)});
  CHECK_OK(Failpoint("server.push.reply"));
  CHECK(FailpointHits("server.push.reply") == 0);
}

TEST_CASE("an error names its failpoint, at the hits that it is for") {
  FailpointRule rule = Rule(Action::kError);
  rule.first = 2;
  rule.last = 3;
  const Armed armed({rule});
  CHECK_OK(Failpoint(kPush));
  CHECK_STATUS(Failpoint(kPush), absl::StatusCode::kAborted, "server.push.receive, hit 2");
  CHECK_STATUS(Failpoint(kPush), absl::StatusCode::kAborted, "hit 3");
  CHECK_OK(Failpoint(kPush));
  CHECK(FailpointHits(kPush) == 4);
  ArmFailpoints({rule});
  CHECK(FailpointHits(kPush) == 0);
  CHECK_OK(Failpoint(kPush));
  DisarmFailpoints();
  CHECK_OK(Failpoint(kPush));
}

TEST_CASE("several rules of one failpoint act in their order until one fails") {
  FailpointRule delay = Rule(Action::kDelay);
  delay.delay = absl::Microseconds(1);
  FailpointRule second = Rule(Action::kError);
  second.code = absl::StatusCode::kInternal;
  const Armed armed({delay, Rule(Action::kError), second});
  CHECK_STATUS(Failpoint(kPush), absl::StatusCode::kAborted, "hit 1");
}

TEST_CASE("what hangs or is delayed goes on when the failpoints are disarmed") {
  FailpointRule delay = Rule(Action::kDelay);
  delay.delay = absl::Hours(1);
  for (const FailpointRule& rule : {Rule(Action::kHang), delay}) {
    ArmFailpoints({rule});
    absl::Status status = absl::UnknownError("not back");
    std::thread thread([&] { status = Failpoint(kPush); });
    while (FailpointHits(kPush) == 0) std::this_thread::yield();
    DisarmFailpoints();
    thread.join();
    CHECK_OK(status);
  }
}

TEST_CASE("kill ends the process at once by SIGKILL") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ArmFailpoints({Rule(Action::kKill)});
    Failpoint(kPush).IgnoreError();
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
}

}  // namespace
}  // namespace paceline

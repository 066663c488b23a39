#include "cli/local/chaos.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "cli/local/chaos_events.h"
#include "common/fake_clock.h"
#include "common/status/status_matchers.h"

namespace paceline::cli {
namespace {

using Events = std::vector<ChaosEvent>;
using Lines = std::vector<std::string>;

constexpr absl::Duration kPause = absl::Seconds(2);

// Writes down what is done to it.
class FakeCluster final : public LocalCluster {
 public:
  std::string scheduler_address() const override { return ""; }
  absl::Status Check() override { return absl::OkStatus(); }
  absl::Status Stop() override { return absl::OkStatus(); }
  absl::Status KillAndRestart(DaemonRole role, int index) override {
    return Note("kill", role, index);
  }
  absl::Status Pause(DaemonRole role, int index) override { return Note("pause", role, index); }
  absl::Status Resume(DaemonRole role, int index) override { return Note("resume", role, index); }

  Lines done;
  absl::Status answer;

 private:
  absl::Status Note(const std::string& what, DaemonRole role, int index) {
    const char* const names[] = {"scheduler", "server", "worker"};
    done.push_back(what + " " + names[static_cast<int>(role)] + " " + std::to_string(index));
    return answer;
  }
};

struct Fixture {
  explicit Fixture(const std::string& events)
      : chaos({.events = *ParseChaosEvents(events),
               .servers = 2,
               .workers = 2,
               .pause = kPause,
               .kill_task =
                   [this](int64_t pid) {
                     cluster.done.push_back("kill task " + std::to_string(pid));
                     return absl::OkStatus();
                   },
               .report = [this](const std::string& line) { lines.push_back(line); }},
              cluster, clock) {}

  void See(uint64_t iterations, v1::JobState state = v1::JOB_STATE_RUNNING) {
    v1::Job job;
    job.set_state(state);
    job.set_iterations_done(iterations);
    // Rank 0 has no task just now.
    job.add_ranks();
    job.add_ranks()->set_pid(pid);
    chaos.See(job);
  }

  // Of rank 1's task; 0: not known.
  int64_t pid = 71;

  FakeClock clock;
  FakeCluster cluster;
  Lines lines;
  Chaos chaos;
};

TEST_CASE("chaos events are parsed") {
  REQUIRE_OK_AND_ASSIGN(const Events events,
                        ParseChaosEvents("kill-worker@50,kill-server@120,kill-task@0,"
                                         "kill-scheduler@18446744073709551615,stop-worker@7"));
  CHECK(events == Events{{ChaosAction::kKillWorker, 50},
                         {ChaosAction::kKillServer, 120},
                         {ChaosAction::kKillTask, 0},
                         {ChaosAction::kKillScheduler, 18446744073709551615u},
                         {ChaosAction::kStopWorker, 7}});
  CHECK(ToString(events[3]) == "kill-scheduler@18446744073709551615");
}

TEST_CASE("what is no chaos event is named with what is expected") {
  for (const std::string bad :
       {"", "kill-worker", "kill-worker@", "kill-worker@x", "kill-worker@-1", "kill-worker@1@2",
        "stop-server@5", "@5", " kill-task@5"}) {
    for (const std::string& list : {bad, "kill-task@1," + bad}) {
      CHECK_STATUS(ParseChaosEvents(list), absl::StatusCode::kInvalidArgument,
                   "kill-worker@N, kill-server@N, kill-task@N, kill-scheduler@N or stop-worker@N, "
                   "N a number of iterations, expected between commas, got \"" +
                       bad + "\"");
    }
  }
}

TEST_CASE("events are due once, the earliest first") {
  ChaosTrigger trigger({{ChaosAction::kKillServer, 120},
                        {ChaosAction::kKillWorker, 50},
                        {ChaosAction::kKillTask, 50},
                        {ChaosAction::kKillWorker, 300}});
  CHECK(trigger.Due(49).empty());
  CHECK(trigger.Due(50) == Events{{ChaosAction::kKillWorker, 50}, {ChaosAction::kKillTask, 50}});
  CHECK(trigger.Due(50).empty());
  // Rolled back, and beyond.
  CHECK(trigger.Due(0).empty());
  CHECK(trigger.Due(200) == Events{{ChaosAction::kKillServer, 120}});
  CHECK(trigger.pending() == Events{{ChaosAction::kKillWorker, 300}});
}

TEST_CASE("each event hits the next of its role, once the job runs") {
  Fixture test(
      "kill-worker@1,kill-worker@2,kill-worker@3,kill-server@3,kill-scheduler@3,kill-task@4");
  test.See(9, v1::JOB_STATE_RECOVERING);
  CHECK(test.cluster.done.empty());
  test.See(3);
  test.See(4);
  CHECK(test.cluster.done == Lines{"kill worker 0", "kill worker 1", "kill worker 0",
                                   "kill server 0", "kill scheduler 0", "kill task 71"});
  REQUIRE(test.lines.size() == 6);
  CHECK(test.lines[1] == "chaos: kill-worker@2 at iteration 3: worker 1 killed and started again");
  CHECK(test.lines[5] == "chaos: kill-task@4 at iteration 4: task of rank 1 (pid 71) killed");
  CHECK_OK(test.chaos.Tend());
}

TEST_CASE("a stopped worker goes on after its time, or with the job's end") {
  Fixture test("stop-worker@1,stop-worker@2,kill-task@9");
  test.See(1);
  test.clock.Advance(kPause / 2);
  test.See(2);
  CHECK(test.cluster.done == Lines{"pause worker 0", "pause worker 1"});
  test.clock.Advance(kPause / 2);
  CHECK_OK(test.chaos.Tend());
  CHECK(test.cluster.done.back() == "resume worker 0");
  test.chaos.Finish();
  CHECK(test.cluster.done.back() == "resume worker 1");
  CHECK(test.cluster.done.size() == 4);
  CHECK(test.lines.back() == "chaos: kill-task@9 did not happen: the job had ended");
}

TEST_CASE("a task is killed once it is known which") {
  Fixture test("kill-task@1,kill-task@2");
  test.pid = 0;
  test.See(1);
  CHECK(test.cluster.done.empty());
  CHECK(test.lines.empty());
  SECTION("later") {
    test.pid = 72;
    test.See(5);
    CHECK(test.cluster.done == Lines{"kill task 72", "kill task 72"});
    CHECK(test.lines.front() ==
          "chaos: kill-task@1 at iteration 5: task of rank 1 (pid 72) killed");
    test.See(6);
    CHECK(test.cluster.done.size() == 2);
  }
  SECTION("never") {
    test.chaos.Finish();
    CHECK(test.lines == Lines{"chaos: kill-task@1 did not happen: the job had ended",
                              "chaos: kill-task@2 did not happen: the job had ended"});
  }
}

TEST_CASE("a worker that is killed while stopped has nothing to go on with") {
  Fixture test("stop-worker@1,kill-worker@2,kill-worker@2");
  test.See(2);
  test.clock.Advance(2 * kPause);
  CHECK_OK(test.chaos.Tend());
  // Workers take turns, whatever is done to them.
  CHECK(test.cluster.done == Lines{"pause worker 0", "kill worker 1", "kill worker 0"});
}

TEST_CASE("a fault that cannot be injected is an error") {
  Fixture test("kill-server@1");
  test.cluster.answer = absl::NotFoundError("there is no server-0");
  test.See(1);
  CHECK_STATUS(test.chaos.Tend(), absl::StatusCode::kNotFound, "there is no server-0");
  CHECK(test.lines.empty());
}

}  // namespace
}  // namespace paceline::cli

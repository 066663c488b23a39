#include "worker/core/task/rank_machine.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

namespace paceline::worker {
namespace {

using Kind = RankCommand::Kind;
using Desired = v1::SyncTaskResponse;

std::vector<Kind> Kinds(const std::vector<RankCommand>& commands) {
  std::vector<Kind> kinds;
  for (const RankCommand& command : commands) kinds.push_back(command.kind);
  return kinds;
}

// A machine that runs, with the rank opened on `servers` servers.
struct Running {
  RankMachine machine;
  std::vector<RankCommand> last;

  explicit Running(uint64_t available = 3, bool complete = true, Prepared prepared = {},
                   uint32_t servers = 2) {
    machine.Handle(DesiredChanged{Desired::PREPARE});
    machine.Handle(IterationsKnown{available, complete});
    machine.Handle(prepared);
    machine.Handle(DesiredChanged{Desired::RUN});
    last = machine.Handle(MapChanged{1, 1, servers});
    for (uint32_t s = 0; s < servers; ++s) Open(s, 0);
  }
  void Open(uint32_t server, uint64_t progress, bool finished = false) {
    last = machine.Handle(Opened{machine.attempt(), server, progress, finished});
  }
  template <typename Event>
  std::vector<Kind> Do(Event event) {
    event.attempt = machine.attempt();
    last = machine.Handle(event);
    return Kinds(last);
  }
  void Iterate() {
    Do(Pulled{});
    Do(Computed{});
    Do(PushAcked{});
  }
};

TEST_CASE("A rank prepares, opens, iterates, finishes, rests and exits") {
  RankMachine machine;
  CHECK(machine.WaitReason() == "waits for the job's spec");
  CHECK(Kinds(machine.Handle(DesiredChanged{Desired::PREPARE})) == std::vector{Kind::kPrepare});
  CHECK(machine.Handle(DesiredChanged{Desired::PREPARE}).empty());
  machine.Handle(IterationsKnown{1, true});
  CHECK(Kinds(machine.Handle(Prepared{})) == std::vector{Kind::kSync});
  CHECK(machine.WaitReason() == "waits for the shard map");
  CHECK(machine.Handle(MapChanged{1, 1, 2}).empty());
  CHECK(Kinds(machine.Handle(DesiredChanged{Desired::RUN})) == std::vector{Kind::kOpen});
  const uint64_t attempt = machine.attempt();
  CHECK(machine.Handle(Opened{attempt, 1, 0, false}).empty());
  CHECK(machine.Handle(Opened{attempt, 1, 0, false}).empty());
  CHECK(machine.WaitReason() == "opens its rank: 1 of 2 servers have not answered");
  CHECK(Kinds(machine.Handle(Opened{attempt, 0, 0, false})) == std::vector{Kind::kPull});
  CHECK(Kinds(machine.Handle(Pulled{attempt})) == std::vector{Kind::kCompute});
  CHECK(Kinds(machine.Handle(Computed{attempt})) == std::vector{Kind::kPush});
  CHECK(machine.iteration() == 0);
  const std::vector<RankCommand> finish = machine.Handle(PushAcked{attempt});
  CHECK(Kinds(finish) == std::vector{Kind::kFinish});
  CHECK(finish[0].iteration == 1);
  CHECK_FALSE(machine.finished());
  CHECK(Kinds(machine.Handle(FinishAcked{attempt})) == std::vector{Kind::kSync});
  CHECK(machine.finished());
  CHECK(Kinds(machine.Handle(DesiredChanged{Desired::EVALUATE})) == std::vector{Kind::kSync});
  CHECK(machine.final_eval_done());
  const std::vector<RankCommand> exit = machine.Handle(DesiredChanged{Desired::EXIT});
  CHECK(Kinds(exit) == std::vector{Kind::kAbandon, Kind::kExit});
  CHECK(exit[1].cause.empty());
  CHECK(machine.Handle(DesiredChanged{Desired::RUN}).empty());
}

TEST_CASE("A rank goes on from the smallest progress of any server") {
  Running r(10);
  r.machine.Handle(MapChanged{2, 1, 3});
  r.Open(0, 7);
  r.Open(2, 4, true);
  r.Open(1, 9);
  REQUIRE(Kinds(r.last) == std::vector{Kind::kPull});
  CHECK(r.last[0].iteration == 4);
}

TEST_CASE("A rank that had finished everywhere rests at once; a rollback revives it") {
  Running r(3);
  r.machine.Handle(MapChanged{1, 2, 2});
  r.Open(0, 3, true);
  r.Open(1, 3, true);
  CHECK(Kinds(r.last) == std::vector{Kind::kSync});
  CHECK(r.machine.finished());
  r.last = r.machine.Handle(MapChanged{2, 2, 2});
  CHECK(Kinds(r.last) == std::vector{Kind::kAbandon, Kind::kOpen});
  CHECK_FALSE(r.machine.finished());
  r.Open(0, 1);
  r.Open(1, 3, true);
  CHECK(r.last[0].kind == Kind::kPull);
  CHECK(r.last[0].iteration == 1);
}

TEST_CASE("Each refusal has its answer") {
  struct Case {
    v1::Refusal::Kind kind;
    bool exits;
    bool fenced;
  };
  const Case cases[] = {
      {v1::Refusal::STALE_TIMELINE, false, false},
      {v1::Refusal::STALE_EPOCH, false, false},
      {v1::Refusal::UNKNOWN_JOB, false, false},
      {v1::Refusal::RANK_NOT_OPEN, false, false},
      {v1::Refusal::OUT_OF_ORDER, false, false},
      {v1::Refusal::NOT_YET, false, false},
      {v1::Refusal::STALE_INCARNATION, true, true},
      {v1::Refusal::INVALID, true, false},
      {v1::Refusal::NON_FINITE, true, false},
      {v1::Refusal::UNKNOWN_CODEC, true, false},
      {v1::Refusal::LIMIT, true, false},
      {v1::Refusal::KIND_UNSPECIFIED, true, false},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(v1::Refusal::Kind_Name(c.kind)) {
      Running r;
      const std::vector<Kind> kinds = r.Do(Refused{0, c.kind, "because"});
      if (c.exits) {
        REQUIRE(kinds == std::vector{Kind::kAbandon, Kind::kExit});
        CHECK(r.last[1].cause == "because");
        CHECK(r.last[1].fenced == c.fenced);
        return;
      }
      REQUIRE(kinds == std::vector{Kind::kAbandon, Kind::kRetryLater, Kind::kSync});
      CHECK(r.last[1].failures == 1);
      CHECK(r.machine.WaitReason() == "because");
      SECTION("the next map opens it") {
        CHECK(Kinds(r.machine.Handle(MapChanged{2, 1, 2})) == std::vector{Kind::kOpen});
      }
      SECTION("so does the end of the back-off") {
        CHECK(r.Do(RetryDue{}) == std::vector{Kind::kOpen});
        CHECK(r.Do(Refused{0, c.kind, "again"})[1] == Kind::kRetryLater);
        CHECK(r.last[1].failures == 2);
      }
      SECTION("the same map does not") { CHECK(r.machine.Handle(MapChanged{1, 1, 2}).empty()); }
    }
  }
}

TEST_CASE("A server out of reach is tried again after a back-off") {
  Running r;
  CHECK(r.Do(Unreachable{0, "127.0.0.1:1: gone"})[1] == Kind::kRetryLater);
  CHECK(r.machine.WaitReason() == "127.0.0.1:1: gone");
  r.Do(RetryDue{});
  CHECK_THAT(r.machine.WaitReason(), Catch::Matchers::Contains("127.0.0.1:1: gone"));
  r.Open(0, 0);
  r.Open(1, 0);
  CHECK(r.last[0].kind == Kind::kPull);
}

TEST_CASE("What belongs to an older attempt is ignored") {
  Running r;
  const uint64_t old = r.machine.attempt();
  r.machine.Handle(MapChanged{2, 1, 2});
  CHECK(r.machine.Handle(Opened{old, 0, 0, false}).empty());
  CHECK(r.machine.Handle(Pulled{old}).empty());
  CHECK(r.machine.Handle(Refused{old, v1::Refusal::INVALID, "late"}).empty());
  CHECK(r.machine.Handle(Unreachable{old, "late"}).empty());
  r.Open(0, 0);
  r.Open(1, 0);
  CHECK(r.last[0].kind == Kind::kPull);
  CHECK(r.machine.Handle(Computed{r.machine.attempt()}).empty());
  CHECK(r.machine.Handle(PushAcked{r.machine.attempt()}).empty());
  CHECK(r.machine.Handle(RetryDue{r.machine.attempt()}).empty());
}

TEST_CASE("A rank without a batch waits for a grant and says so") {
  Running r(1, false);
  r.Iterate();
  CHECK(Kinds(r.last) == std::vector{Kind::kSync});
  CHECK(r.machine.WaitReason() == "waits for a grant of records for iteration 1");
  CHECK(Kinds(r.machine.Handle(IterationsKnown{2, false})) == std::vector{Kind::kPull});
  r.Iterate();
  CHECK(Kinds(r.machine.Handle(IterationsKnown{2, true})) == std::vector{Kind::kFinish});
}

TEST_CASE("Rank 0 begins an evaluation at every n-th iteration, trains on, and evaluates the end") {
  Running r(5, true, Prepared{true, 2});
  r.Iterate();
  r.Iterate();
  REQUIRE(Kinds(r.last) == std::vector{Kind::kPull});
  REQUIRE(r.Do(Pulled{}) == std::vector{Kind::kEvaluate});
  CHECK(r.last[0].iteration == 2);
  CHECK_FALSE(r.last[0].final);
  CHECK(r.machine.WaitReason() == "evaluates");
  CHECK(r.Do(EvaluationBegun{0, true}) == std::vector{Kind::kCompute});
  CHECK(Kinds(r.machine.Handle(EvaluationEnded{1})) == std::vector{Kind::kSync});
  // Rolled back: iteration 2 comes again, its evaluation does not.
  r.machine.Handle(MapChanged{2, 1, 2});
  r.Open(0, 2);
  r.Open(1, 2);
  r.Iterate();
  r.Iterate();
  CHECK(r.Do(Pulled{}) == std::vector{Kind::kEvaluate});
  r.Do(EvaluationBegun{0, true});
  r.Do(Computed{});
  CHECK(r.Do(PushAcked{}) == std::vector{Kind::kFinish});
  r.Do(FinishAcked{});
  // One at a time.
  CHECK(r.machine.Handle(DesiredChanged{Desired::EVALUATE}).empty());
  r.last = r.machine.Handle(EvaluationEnded{2});
  REQUIRE(Kinds(r.last) == std::vector{Kind::kSync, Kind::kEvaluate});
  CHECK(r.last[1].final);
  CHECK_FALSE(r.machine.final_eval_done());
  // Refused: it opens again and evaluates anew, finished all the while.
  r.Do(Refused{0, v1::Refusal::UNKNOWN_JOB, "gone"});
  CHECK(r.machine.finished());
  r.Do(RetryDue{});
  r.Open(0, 5, true);
  r.Open(1, 5, true);
  CHECK(Kinds(r.last) == std::vector{Kind::kSync, Kind::kEvaluate});
  CHECK(r.Do(Evaluated{}) == std::vector{Kind::kSync});
  CHECK(r.machine.final_eval_done());
}

// Until the evaluation before `iteration`, 2, 4, ..., is begun.
void BeginEvaluation(Running* r, uint64_t iteration) {
  while (r->machine.iteration() < iteration) r->Iterate();
  REQUIRE(r->Do(Pulled{}) == std::vector{Kind::kEvaluate});
  REQUIRE(r->Do(EvaluationBegun{0, true}) == std::vector{Kind::kCompute});
  r->Do(Computed{});
  r->Do(PushAcked{});
}

TEST_CASE("ssp, asp: an evaluation that is due while another goes on is left out") {
  Running r(9, true, Prepared{true, 2});
  BeginEvaluation(&r, 2);
  r.Iterate();
  CHECK(r.machine.evals_skipped() == 0);
  CHECK(r.Do(Pulled{}) == std::vector{Kind::kCompute});
  CHECK(r.machine.evals_skipped() == 1);
  r.machine.Handle(EvaluationEnded{1});
  r.Do(Computed{});
  r.Do(PushAcked{});
  r.Iterate();
  CHECK(r.Do(Pulled{}) == std::vector{Kind::kEvaluate});
}

TEST_CASE("bsp: training waits for the evaluation before") {
  Running r(9, true, Prepared{true, 2, true});
  BeginEvaluation(&r, 2);
  r.Iterate();
  CHECK(r.machine.iteration() == 4);
  CHECK(Kinds(r.last) == std::vector{Kind::kSync});
  CHECK(r.machine.WaitReason() == "waits for the evaluation before iteration 2");
  CHECK(r.machine.Handle(SchedulerHeard{0, 0, false}).empty());
  CHECK(Kinds(r.machine.Handle(EvaluationEnded{1})) == std::vector{Kind::kSync, Kind::kPull});
  CHECK(r.Do(Pulled{}) == std::vector{Kind::kEvaluate});
}

TEST_CASE("Where evaluations may end training, the scheduler has each before the next") {
  Running r(9, true, Prepared{true, 2, true, true});
  BeginEvaluation(&r, 2);
  r.machine.Handle(EvaluationEnded{1});
  r.Iterate();
  CHECK(r.machine.WaitReason() == "waits for the scheduler to take in an evaluation");
  CHECK(r.machine.Handle(SchedulerHeard{0, 0, false}).empty());
  CHECK(Kinds(r.machine.Handle(SchedulerHeard{1, 0, false})) == std::vector{Kind::kPull});
}

TEST_CASE("Rank 0 does the last iteration only when all ranks know that it is the last") {
  Running r(9, true, Prepared{true, 2, true, true});
  r.machine.Handle(IterationsKnown{6, true});
  r.machine.Handle(SchedulerHeard{2, 6, false});
  for (const uint64_t iteration : {2, 4}) {
    BeginEvaluation(&r, iteration);
    r.machine.Handle(EvaluationEnded{iteration / 2});
  }
  CHECK(r.machine.iteration() == 5);
  CHECK(r.machine.WaitReason() ==
        "waits for all ranks to know that training ends after iteration 6");
  CHECK(r.machine.Handle(SchedulerHeard{2, 6, false}).empty());
  CHECK(Kinds(r.machine.Handle(SchedulerHeard{2, 6, true})) == std::vector{Kind::kPull});
  r.Iterate();
  CHECK(Kinds(r.last) == std::vector{Kind::kFinish});
  CHECK(r.last[0].iteration == 6);
}

TEST_CASE("What evaluations read goes with the map; those that decide are made anew") {
  const bool decide = GENERATE(false, true);
  Running r(9, true, Prepared{true, 2, true, decide});
  BeginEvaluation(&r, 2);
  r.machine.Handle(EvaluationEnded{1});
  r.machine.Handle(SchedulerHeard{1, 0, false});
  BeginEvaluation(&r, 4);
  r.machine.Handle(MapChanged{2, 1, 2});
  r.Open(0, 2);
  r.Open(1, 2);
  CHECK(r.Do(Pulled{}) == std::vector{decide ? Kind::kEvaluate : Kind::kCompute});
  if (decide) {
    r.Do(EvaluationBegun{0, true});
    r.machine.Handle(EvaluationEnded{1});
    r.machine.Handle(SchedulerHeard{1, 0, false});
  }
  r.Do(Computed{});
  r.Do(PushAcked{});
  r.Iterate();
  CHECK(r.Do(Pulled{}) == std::vector{Kind::kEvaluate});
}

TEST_CASE("A rank parks between iterations while the scheduler is silent") {
  Running r;
  CHECK(r.machine.Handle(SchedulerSilent{true}).empty());
  CHECK(r.Do(Pulled{}) == std::vector{Kind::kCompute});
  CHECK(r.Do(Computed{}) == std::vector{Kind::kPush});
  CHECK(r.Do(PushAcked{}).empty());
  CHECK(r.machine.iteration() == 1);
  CHECK(r.machine.WaitReason() == "is parked: the scheduler does not answer");
  CHECK(Kinds(r.machine.Handle(SchedulerSilent{false})) == std::vector{Kind::kPull});
  CHECK(r.machine.Handle(SchedulerSilent{false}).empty());
}

TEST_CASE("A task that fails by itself exits with its cause") {
  RankMachine machine;
  machine.Handle(DesiredChanged{Desired::PREPARE});
  const std::vector<RankCommand> commands = machine.Handle(TaskFailed{"no such file"});
  REQUIRE(Kinds(commands) == std::vector{Kind::kAbandon, Kind::kExit});
  CHECK(commands[1].cause == "no such file");
  CHECK_FALSE(commands[1].fenced);
}

}  // namespace
}  // namespace paceline::worker

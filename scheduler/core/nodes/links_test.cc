// Links that break while both their ends are heard.
#include "scheduler/core/nodes/links.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

using Catch::Contains;

// Servers s1 and s2, both with shards of a job of one rank, or more, that runs;
// workers w1, w2, ... with a slot each, of which the first play.
struct Running {
  FakeCluster cluster;
  uint64_t job = 0;

  explicit Running(uint32_t workers, uint32_t ranks = 1, uint32_t servers = 2) {
    cluster.records = 10000;
    cluster.AddServer("s1");
    cluster.AddServer("s2");
    for (uint32_t i = 1; i <= workers; ++i) cluster.AddWorker("w" + std::to_string(i), 1);
    cluster.Step();
    job = cluster.Submit(RecordsSpec(ranks, servers, v1::POLICY_BSP, 10, 1));
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
    cluster.Step();
  }
  const v1::RankRecord& Rank(uint32_t rank = 0) { return cluster.Job(job).ranks(rank); }
  std::string WorkerOf(uint32_t rank = 0) {
    return cluster.core().state().FindNode(Rank(rank).node_id())->address();
  }
  FakeTask& TaskOf(uint32_t rank = 0) { return cluster.node(WorkerOf(rank)).tasks.at({job, rank}); }
  // The present task of the rank says that it has not reached the server for so long.
  void CannotReach(const std::string& server, absl::Duration time, uint32_t rank = 0) {
    v1::SyncTaskRequest& report = TaskOf(rank).report;
    report.clear_unreachable();
    for (const v1::ShardServer& entry : cluster.Job(job).map().servers()) {
      if (entry.address() != server) continue;
      v1::UnreachableServer* unreachable = report.add_unreachable();
      unreachable->set_node_id(entry.node_id());
      unreachable->set_incarnation(entry.incarnation());
      unreachable->set_for_ms(absl::ToInt64Milliseconds(time));
      unreachable->set_cause("no route to host");
    }
  }
  void Steps(int count) {
    for (int i = 0; i < count; ++i) cluster.Step();
  }
  std::string Events() {
    std::string text;
    for (const v1::JobEvent& event : cluster.Job(job).events()) {
      text += event.kind() + " " + event.message() + "\n";
    }
    return text;
  }
  v1::JobState StateOf() { return cluster.StateOf(job); }
  std::string Reason() { return cluster.View(job).reason(); }
};

TEST_CASE("faults row 8: a rank that does not reach a live server is moved, and no death counts") {
  Running r(2);
  REQUIRE(r.WorkerOf() == "w1");
  const uint64_t timeline = r.cluster.Job(r.job).map().timeline();
  r.CannotReach("s2", absl::Seconds(4));
  r.Steps(2);
  CHECK(r.WorkerOf() == "w2");
  CHECK(r.Rank().incarnation() == 2);
  CHECK(r.Rank().deaths() == 0);
  CHECK(r.StateOf() == v1::JOB_STATE_RUNNING);
  CHECK(r.cluster.Job(r.job).restarts() == 1);
  CHECK(r.cluster.Job(r.job).rollbacks() == 0);
  CHECK(r.cluster.Job(r.job).map().timeline() == timeline);
  CHECK_THAT(r.Events(), Contains("RANK_MOVED rank 0, incarnation 2, to worker") &&
                             Contains("(w1) does not reach server") && Contains("(s2) for 4s") &&
                             Contains("no route to host"));
  CHECK_THAT(r.Rank().last_exit().cause(), Contains("moved: worker"));
  // The old task is told that it is not needed any more.
  r.Steps(2);
  CHECK(r.cluster.node("w1").tasks.empty());
  REQUIRE(r.cluster.RunUntilEnded(r.job));
  CHECK(r.StateOf() == v1::JOB_STATE_SUCCEEDED);
}

TEST_CASE("faults row 8: short cuts, dead servers, strangers and other times move nobody") {
  Running r(2);
  r.CannotReach("s2", absl::Milliseconds(3900));
  r.Steps(2);
  CHECK(r.WorkerOf() == "w1");
  // Of another life of the server, or of a map that is gone.
  r.CannotReach("s2", absl::Seconds(9));
  r.TaskOf().report.mutable_unreachable(0)->set_incarnation(7);
  r.Steps(2);
  CHECK(r.WorkerOf() == "w1");
  r.TaskOf().report.mutable_unreachable(0)->set_node_id(77);
  r.Steps(2);
  CHECK(r.WorkerOf() == "w1");
  // A server that falls silent is lost, and no link is blamed for it.
  r.TaskOf().report.clear_unreachable();
  r.Steps(1);
  r.cluster.node("s2").alive = false;
  r.Steps(3);
  r.CannotReach("s2", absl::Seconds(4));
  r.Steps(4);
  CHECK(r.WorkerOf() == "w1");
  CHECK(r.cluster.Job(r.job).rollbacks() == 1);
}

TEST_CASE("faults row 8: without another worker the rank stays, and the job says why") {
  Running r(1);
  r.CannotReach("s1", absl::Seconds(5));
  r.Steps(3);
  CHECK(r.Rank().incarnation() == 1);
  CHECK(r.cluster.Job(r.job).rollbacks() == 0);
  CHECK_THAT(r.Reason(), Contains("rank 0 waits: worker") && Contains("(s1) for 5s") &&
                             Contains("no other worker that may reach it has a free slot"));
  r.TaskOf().report.clear_unreachable();
  r.Steps(1);
  CHECK(r.Reason().empty());
}

TEST_CASE("faults row 8: a rank does not go back to where the link was broken") {
  // No other server is there to which the job could be rolled back.
  Running one(2, 1, 1);
  const std::string server = one.cluster.Job(one.job).map().servers(0).address();
  const std::string other = server == "s1" ? "s2" : "s1";
  one.cluster.node(other).alive = false;
  one.Steps(6);
  one.CannotReach(server, absl::Seconds(4));
  one.Steps(2);
  REQUIRE(one.WorkerOf() == "w2");
  one.CannotReach(server, absl::Seconds(4));
  one.Steps(10);
  CHECK(one.WorkerOf() == "w2");
  CHECK(one.Rank().incarnation() == 2);
  CHECK(one.cluster.Job(one.job).rollbacks() == 0);
  CHECK_THAT(one.Reason(), Contains("rank 0 waits"));
  // Long after, it may try again.
  one.cluster.Advance(absl::Seconds(1));
  one.TaskOf().report.clear_unreachable();
  one.Steps(61);
  one.CannotReach(server, absl::Seconds(4));
  one.Steps(2);
  CHECK(one.WorkerOf() == "w1");
}

TEST_CASE("faults row 8: a server that no rank reaches is cut off, and its job leaves it") {
  Running r(2, 2);
  r.CannotReach("s2", absl::Seconds(4), 0);
  r.Steps(2);
  // One witness is not enough.
  CHECK(r.cluster.Job(r.job).rollbacks() == 0);
  r.CannotReach("s2", absl::Seconds(4), 1);
  r.Steps(3);
  CHECK(r.cluster.Job(r.job).rollbacks() == 1);
  CHECK_THAT(r.Events(), Contains("(s2) is cut off from worker 3 (w1), worker 4 (w2)"));
  for (FakeNode* worker : {&r.cluster.node("w1"), &r.cluster.node("w2")}) {
    for (auto& [key, task] : worker->tasks) task.report.clear_unreachable();
  }
  REQUIRE(r.cluster.RunUntil(r.job, v1::JOB_STATE_RUNNING));
  REQUIRE(r.cluster.Job(r.job).placement_size() == 1);
  CHECK(r.cluster.Job(r.job).placement(0).address() == "s1");
  CHECK(r.cluster.Job(r.job).restarts() == 0);
  REQUIRE(r.cluster.RunUntilEnded(r.job));
}

TEST_CASE("faults row 10: during an alarm nobody is moved") {
  Running r(3);
  for (const char* name : {"s1", "w2", "w3"}) r.cluster.node(name).alive = false;
  r.Steps(6);
  REQUIRE_THAT(r.Reason(), Contains("fell silent at once"));
  r.CannotReach("s2", absl::Seconds(9));
  r.Steps(3);
  CHECK(r.Rank().incarnation() == 1);
}

}  // namespace
}  // namespace paceline::scheduler

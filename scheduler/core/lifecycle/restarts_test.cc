// Ranks outlive their tasks.
#include "scheduler/core/lifecycle/restarts.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

v1::TaskReport* ReportOf(FakeNode* worker, uint32_t rank) {
  for (v1::TaskReport& task : *worker->report.mutable_tasks()) {
    if (task.rank() == rank) return &task;
  }
  return nullptr;
}

void Kill(FakeNode* worker, uint32_t rank) {
  v1::TaskReport* task = ReportOf(worker, rank);
  REQUIRE(task != nullptr);
  task->set_state(v1::TaskReport::EXITED);
  task->mutable_exit()->set_cause("killed by signal 9 (SIGKILL)");
  task->mutable_exit()->set_signal(9);
  task->mutable_exit()->add_last_log_lines("last words");
  worker->tasks.at({task->job_id(), rank}).exited = true;
}

std::string EventsOf(FakeCluster* cluster, uint64_t job) {
  std::string text;
  for (const v1::JobEvent& event : cluster->Job(job).events()) {
    text += event.kind() + " " + event.message() + "\n";
  }
  return text;
}

// Two workers with a slot to spare each, and a job of two ranks that runs: rank 0
// on w1, rank 1 on w2.
struct Running {
  FakeCluster cluster;
  uint64_t job = 0;

  explicit Running(uint32_t ranks = 2) {
    cluster.records = 1000;
    AddSmallCluster(&cluster);
    job = cluster.Submit(RecordsSpec(ranks, 2, v1::POLICY_BSP, 10, 1));
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
    cluster.Step();
  }
  const v1::RankRecord& Rank(uint32_t rank) { return cluster.Job(job).ranks(rank); }
  uint64_t IdOf(const std::string& worker) {
    return cluster.core().state().FindNode(v1::NODE_ROLE_WORKER, worker)->node_id();
  }
  // Every server has applied `iterations` of the rank.
  void ServersHave(uint32_t rank, uint64_t iterations) {
    for (const char* name : {"s1", "s2"}) {
      v1::ServerJobReport* report = cluster.node(name).report.mutable_jobs(0);
      report->set_progress(static_cast<int>(rank), iterations);
      cluster.NodeSpeaks(cluster.node(name));
    }
  }
  void Steps(int count) {
    for (int i = 0; i < count; ++i) cluster.Step();
  }
  void Finish() {
    REQUIRE(cluster.RunUntilEnded(job));
    CHECK(cluster.View(job).reason().empty());
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
    CHECK(cluster.View(job).summary().samples() == 1000);
    cluster.Step();
    cluster.Step();
  }
};

TEST_CASE("faults row 1: a dead task's rank is played on at once, the others are left alone") {
  Running r;
  Kill(&r.cluster.node("w2"), 1);
  r.cluster.NodeSpeaks(r.cluster.node("w2"));
  CHECK(r.Rank(0).incarnation() == 1);
  CHECK(r.Rank(1).incarnation() == 2);
  CHECK(r.Rank(1).deaths() == 1);
  CHECK(r.Rank(1).last_exit().signal() == 9);
  CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
  const std::string events = EventsOf(&r.cluster, r.job);
  INFO(events);
  CHECK(events.find("TASK_EXITED rank 1 incarnation 1: killed by signal 9") != std::string::npos);
  CHECK(events.find("TASKS_ASSIGNED rank 1, incarnation 2") != std::string::npos);
  r.Finish();
  CHECK(r.cluster.View(r.job).summary().restarts() == 1);
  CHECK(AllClosed(&r.cluster));
}

TEST_CASE("faults row 1: a lost worker's ranks move after four heartbeats, not before") {
  Running r;
  r.cluster.node("w2").alive = false;
  // It spoke at the beginning of the last step.
  r.Steps(3);
  CHECK(r.Rank(1).incarnation() == 1);
  r.Steps(1);
  CHECK(r.Rank(1).incarnation() == 2);
  CHECK(r.Rank(1).node_id() == r.IdOf("w1"));
  CHECK(r.Rank(1).deaths() == 0);
  CHECK(r.Rank(0).incarnation() == 1);
  SECTION("and stay where they are when it comes back") {
    r.cluster.node("w2").alive = true;
    r.Steps(2);
    // Its old task is told to go.
    CHECK(r.cluster.node("w2").report.tasks().empty());
    CHECK(r.Rank(1).incarnation() == 2);
  }
  r.Finish();
}

TEST_CASE("faults row 1: a restarted worker gets its rank back, or another does") {
  Running r;
  r.cluster.AddWorker("w2", 2);
  r.cluster.Step();
  CHECK(r.Rank(1).incarnation() == 2);
  CHECK(r.Rank(1).last_exit().cause().find("(w2) was restarted") != std::string::npos);
  r.Finish();
}

TEST_CASE("faults row 2: a task that hangs while its worker speaks loses its rank") {
  Running r;
  FakeNode& worker = r.cluster.node("w2");
  // It neither speaks nor ends.
  const FakeTask zombie = worker.tasks.at({r.job, 1});
  worker.tasks.erase({r.job, 1});
  r.Steps(3);
  CHECK(r.Rank(1).incarnation() == 1);
  r.Steps(1);
  CHECK(r.Rank(1).incarnation() == 2);
  CHECK(r.Rank(1).last_exit().cause().find("its task hangs: not heard for") == 0);
  // Should it wake up, it is told to exit, and to whom it lost.
  const v1::SyncTaskResponse reply =
      r.cluster.core().TaskReply(zombie.report, r.cluster.now()).reply;
  CHECK(reply.desired() == v1::SyncTaskResponse::EXIT);
  CHECK(reply.reason() == "rank 1: incarnation 2 required, got 1");
  r.Finish();
}

// The worker is cut off for `cut` heartbeats, and heard again; its task not before
// `later` further ones.
void CutOff(Running* r, FakeNode* worker, int cut, int later) {
  worker->alive = false;
  r->Steps(cut);
  worker->alive = true;
  const auto tasks = std::exchange(worker->tasks, {});
  r->Steps(later);
  worker->tasks = tasks;
}

TEST_CASE("faults row 11: a task that is heard later than its worker after a cut keeps its rank") {
  Running r;
  // Together longer than a task may hang.
  CutOff(&r, &r.cluster.node("w2"), 3, 4);
  r.Steps(2);
  CHECK(r.Rank(1).incarnation() == 1);
  // One that hangs all the same is found out.
  CutOff(&r, &r.cluster.node("w2"), 3, 7);
  CHECK(r.Rank(1).incarnation() == 2);
}

TEST_CASE("faults row 10: after an alarm tasks have time to connect again") {
  Running r;
  for (const char* name : {"s1", "s2", "w1"}) r.cluster.node(name).alive = false;
  CutOff(&r, &r.cluster.node("w2"), 8, 0);
  CHECK(r.cluster.View(r.job).reason().find("fell silent at once") != std::string::npos);
  for (const char* name : {"s1", "s2", "w1"}) r.cluster.node(name).alive = true;
  CutOff(&r, &r.cluster.node("w2"), 0, 4);
  r.Steps(2);
  for (uint32_t rank : {0, 1}) CHECK(r.Rank(rank).incarnation() == 1);
  r.Finish();
}

TEST_CASE("a task that never speaks after its start loses its rank after the grace") {
  Running r;
  FakeNode& worker = r.cluster.node("w2");
  Kill(&worker, 1);
  r.cluster.NodeSpeaks(worker);
  REQUIRE(r.Rank(1).incarnation() == 2);
  for (auto* name : {"w1", "w2"}) r.cluster.NodeSpeaks(r.cluster.node(name));
  for (auto* name : {"w1", "w2"}) r.cluster.node(name).tasks.erase({r.job, 1});
  r.Steps(5);
  CHECK(r.Rank(1).incarnation() == 2);
  r.Steps(2);
  CHECK(r.Rank(1).incarnation() == 3);
}

TEST_CASE("a scheduler that stood still blames nobody") {
  Running r;
  // As after SIGSTOP: no tick for a minute.
  const Moment later = {.monotonic = r.cluster.now().monotonic + absl::Minutes(1),
                        .wall_ms = r.cluster.now().wall_ms + 60000};
  REQUIRE_OK(r.cluster.core().Tick(later));
  for (const auto& [id, node] : r.cluster.core().state().nodes()) CHECK_FALSE(node.lost());
  CHECK(r.Rank(0).incarnation() == 1);
  CHECK(r.Rank(1).incarnation() == 1);
}

TEST_CASE("a rank without a slot waits with a reason, and goes before queued jobs") {
  Running r(4);
  const uint64_t queued = r.cluster.Submit(CountingSpec(1, 1, v1::POLICY_ASP));
  r.cluster.node("w2").alive = false;
  r.Steps(5);
  const v1::Job view = r.cluster.View(r.job);
  CHECK(view.state() == v1::JOB_STATE_RUNNING);
  INFO(view.reason());
  CHECK(view.reason().find("2 ranks wait for a worker, 0 slots free; rank 1 lost its task: "
                           "worker 4 (w2) is lost: not heard for") == 0);
  r.cluster.AddWorker("w3", 1);
  r.Steps(2);
  CHECK(r.Rank(1).incarnation() == 2);
  CHECK(r.cluster.View(r.job).reason().find("rank 3 waits for a worker") == 0);
  CHECK(r.cluster.StateOf(queued) == v1::JOB_STATE_PENDING);
  r.cluster.AddWorker("w4", 1);
  r.Finish();
  REQUIRE(r.cluster.RunUntilEnded(queued));
}

TEST_CASE("a task that dies three times at the same iteration fails the job with the cause") {
  Running r;
  for (uint32_t death = 1; death <= kMaxDeathsAtIteration; ++death) {
    REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
    const v1::NodeRecord* node = r.cluster.core().state().FindNode(r.Rank(1).node_id());
    FakeNode& worker = r.cluster.node(node->address());
    r.ServersHave(1, 7);
    r.cluster.NodeSpeaks(worker);
    Kill(&worker, 1);
    r.cluster.NodeSpeaks(worker);
  }
  const v1::Job view = r.cluster.View(r.job);
  CHECK(view.state() == v1::JOB_STATE_FAILED);
  INFO(view.reason());
  CHECK(view.reason().find("killed by signal 9 (SIGKILL): last words (3 times at iteration 7)") !=
        std::string::npos);
  CHECK(view.ranks(1).last_exit().signal() == 9);
}

TEST_CASE("deaths at different iterations are misfortunes") {
  Running r;
  for (int death = 0; death < 5; ++death) {
    const v1::NodeRecord* node = r.cluster.core().state().FindNode(r.Rank(1).node_id());
    FakeNode& worker = r.cluster.node(node->address());
    r.cluster.NodeSpeaks(worker);
    r.ServersHave(1, static_cast<uint64_t>(10 * death + 10));
    Kill(&worker, 1);
    r.cluster.NodeSpeaks(worker);
    CHECK(r.Rank(1).deaths() == 1);
  }
  r.Finish();
  CHECK(r.cluster.View(r.job).summary().restarts() == 5);
}

TEST_CASE("a task that took a rank over and finds other data ends the job") {
  Running r;
  Kill(&r.cluster.node("w2"), 1);
  r.cluster.records = 999;
  REQUIRE(r.cluster.RunUntilEnded(r.job));
  CHECK(r.cluster.View(r.job).reason() ==
        "ranks disagree on training records: rank 1 has 999, the first had 1000");
}

TEST_CASE("a restart survives a restart of the scheduler at any moment") {
  for (int restart_at = 0; restart_at < 12; ++restart_at) {
    Running r;
    Kill(&r.cluster.node("w2"), 1);
    for (int step = 0; step < 200 && !HasEnded(r.cluster.StateOf(r.job)); ++step) {
      if (step == restart_at) REQUIRE_OK(r.cluster.RestartScheduler());
      r.cluster.Step();
    }
    INFO("restart at " << restart_at << ": " << r.cluster.View(r.job).reason());
    CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_SUCCEEDED);
    CHECK(r.cluster.View(r.job).summary().restarts() == 1);
  }
}

}  // namespace
}  // namespace paceline::scheduler

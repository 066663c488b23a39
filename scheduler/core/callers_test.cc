// What nodes and tasks are answered, and whom the scheduler believes.
#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"

namespace paceline::scheduler {
namespace {

TEST_CASE("faults row 7: a scheduler that a node knows better of is stale") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  v1::HeartbeatRequest node = cluster.node("s1").report;
  std::string want;
  SECTION("greater journal index") {
    node.mutable_scheduler()->set_journal_index(1000);
    want = "journal index 1000";
  }
  SECTION("greater generation") {
    node.mutable_scheduler()->set_generation(5);
    want = "generation 5";
  }
  SECTION("another start of the same generation") {
    node.mutable_scheduler()->set_start_nonce(99);
    want = "nonce 99";
  }
  REQUIRE(cluster.core().stale().ok());
  CHECK_STATUS(cluster.core().Heartbeat(node, cluster.now()), absl::StatusCode::kAborted, want);
  CHECK_STATUS(cluster.core().stale(), absl::StatusCode::kAborted, "node at s1");
  cluster.options.accept_old_state = true;
  REQUIRE_OK(cluster.RestartScheduler());
  CHECK_OK(cluster.core().Heartbeat(node, cluster.now()));
  CHECK_OK(cluster.core().stale());
}

TEST_CASE("an overtaken report does not undo a newer one") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const v1::HeartbeatRequest before = cluster.node("s1").report;
  const uint64_t job = cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  // Sent before the server had the job, arrives after.
  REQUIRE_OK(cluster.core().Heartbeat(before, cluster.now()));
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
}

TEST_CASE("an answer is news once") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP));
  SchedulerCore& core = cluster.core();
  const v1::HeartbeatRequest report = cluster.node("w1").report;
  REQUIRE_OK_AND_ASSIGN(const uint64_t id, core.Heartbeat(report, cluster.now()));
  const auto first = core.NodeReply(id, cluster.now());
  CHECK(first.news);
  REQUIRE(first.reply.tasks_size() == 1);
  CHECK(first.reply.tasks(0).desired() == v1::TaskOrder::RUN);
  core.NodeReplySent(id, first.reply, cluster.now());
  // Asked again with the same report: still the answer, but no reason to hurry.
  const auto again = core.NodeReply(id, cluster.now());
  CHECK_FALSE(again.news);
  CHECK(again.reply.tasks_size() == 1);
  // The world changes: news.
  v1::CancelJobRequest cancel;
  cancel.set_job_id(job);
  REQUIRE_OK(core.Cancel(cancel, cluster.now()));
  CHECK_FALSE(core.NodeReply(id, cluster.now()).news);  // it never started the task

  v1::SyncTaskRequest task;
  task.set_job_id(job);
  task.set_incarnation(1);
  REQUIRE_OK(core.SyncTask(task, cluster.now()));
  const auto exit = core.TaskReply(task, cluster.now());
  CHECK(exit.news);
  CHECK(exit.reply.desired() == v1::SyncTaskResponse::EXIT);
  CHECK(exit.reply.reason() == "job 1 has ended: cancelled");
}

TEST_CASE("an answer that was lost comes again within a heartbeat") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  SchedulerCore& core = cluster.core();
  const absl::Duration heartbeat = cluster.options.plan.heartbeat;
  Moment now = cluster.now();
  const auto pass = [&](absl::Duration time) {
    now.monotonic += time;
    now.wall_ms += static_cast<uint64_t>(absl::ToInt64Milliseconds(time));
  };
  SECTION("of a task that has no map, and gives each poll up for the next") {
    v1::SyncTaskRequest task;
    task.set_job_id(job);
    task.set_incarnation(1);
    task.set_has_spec(true);
    task.mutable_facts()->set_records(1);
    const auto ask = [&] {
      task.set_sequence(task.sequence() + 1);
      REQUIRE_OK(core.SyncTask(task, now));
      return core.TaskReply(task, now);
    };
    const auto lost = ask();
    REQUIRE(lost.news);
    REQUIRE(lost.reply.has_map());
    core.TaskReplySent(task, lost.reply, now);
    for (int i = 0; i < 3; ++i) {
      pass(heartbeat / 4);
      CHECK_FALSE(ask().news);
    }
    pass(heartbeat / 4);
    const auto again = ask();
    CHECK(again.news);
    CHECK(again.reply.has_map());
    core.TaskReplySent(task, again.reply, now);
    CHECK_FALSE(ask().news);
  }
  SECTION("of a node") {
    const v1::HeartbeatRequest report = cluster.node("w1").report;
    REQUIRE_OK_AND_ASSIGN(const uint64_t id, core.Heartbeat(report, now));
    core.NodeReplySent(id, core.NodeReply(id, now).reply, now);
    pass(heartbeat * 3 / 4);
    CHECK_FALSE(core.NodeReply(id, now).news);
    pass(heartbeat / 4);
    CHECK(core.NodeReply(id, now).news);
  }
}

TEST_CASE("a zombie is told to exit and its word does not count") {
  FakeCluster cluster;
  cluster.records = 100;
  AddSmallCluster(&cluster);
  const uint64_t job = cluster.Submit(RecordsSpec(2, 1, v1::POLICY_BSP, 10, 5));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  v1::SyncTaskRequest zombie;
  zombie.set_job_id(job);
  zombie.set_rank(1);
  zombie.set_incarnation(7);
  zombie.set_error("I am dead");
  REQUIRE_OK(cluster.core().SyncTask(zombie, cluster.now()));
  const auto reply = cluster.core().TaskReply(zombie, cluster.now()).reply;
  CHECK(reply.desired() == v1::SyncTaskResponse::EXIT);
  CHECK(reply.reason() == "rank 1: incarnation 1 required, got 7");
  zombie.set_rank(2);
  REQUIRE_OK(cluster.core().SyncTask(zombie, cluster.now()));
  CHECK(cluster.core().TaskReply(zombie, cluster.now()).reply.reason() == "job 1 has no rank 2");
  zombie.set_job_id(77);
  CHECK(cluster.core().TaskReply(zombie, cluster.now()).reply.reason() == "job 77 is unknown");
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_RUNNING);
}

}  // namespace
}  // namespace paceline::scheduler

// Tasks that take along what no cut and no server has.
#include "scheduler/core/ranks/task_loss.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

using Catch::Contains;

// A job of two ranks that runs for 100 rounds, rank 0 on w1, rank 1 on w2; w3 is free.
struct Running {
  FakeCluster cluster;
  uint64_t job = 0;

  explicit Running(v1::Codec push, v1::Policy policy = v1::POLICY_BSP) {
    cluster.records = 1000;
    cluster.AddServer("s1");
    cluster.AddServer("s2");
    for (const char* name : {"w1", "w2", "w3"}) cluster.AddWorker(name, 1);
    cluster.Step();
    v1::JobSpec spec = RecordsSpec(2, 2, policy, 10, 1);
    spec.mutable_compression()->set_push(push);
    spec.mutable_checkpoint()->set_every_iterations(10);
    job = cluster.Submit(spec);
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
    cluster.Step();
    REQUIRE(cluster.node("w2").tasks.count({job, 1}) == 1);
  }
  void Kill(const std::string& worker, uint32_t rank) {
    FakeNode& node = cluster.node(worker);
    for (v1::TaskReport& task : *node.report.mutable_tasks()) {
      if (task.rank() != rank) continue;
      task.set_state(v1::TaskReport::EXITED);
      task.mutable_exit()->set_cause("killed by signal 9 (SIGKILL)");
    }
    node.tasks.at({job, rank}).exited = true;
    cluster.NodeSpeaks(node);
  }
  void Steps(int count) {
    for (int i = 0; i < count; ++i) cluster.Step();
  }
  std::string Events(const std::string& kind) {
    std::string text;
    for (const v1::JobEvent& event : cluster.Job(job).events()) {
      if (event.kind() == kind) text += event.message() + "|";
    }
    return text;
  }
  void Finish(uint64_t restarts, uint64_t rollbacks) {
    REQUIRE(cluster.RunUntilEnded(job));
    const v1::Job view = cluster.View(job);
    INFO(view.ShortDebugString());
    CHECK(view.state() == v1::JOB_STATE_SUCCEEDED);
    CHECK(view.summary().samples() == 1000);
    CHECK(view.summary().restarts() == restarts);
    CHECK(view.summary().rollbacks() == rollbacks);
  }
};

TEST_CASE("bsp with topk or onebit: a dead task takes the job back, at once and with the reason") {
  Running r(GENERATE(v1::CODEC_TOPK, v1::CODEC_ONEBIT));
  r.Kill("w2", 1);
  CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RECOVERING);
  CHECK(r.cluster.Job(r.job).ranks(0).incarnation() == 1);
  CHECK(r.cluster.Job(r.job).ranks(1).incarnation() == 2);
  CHECK(r.cluster.Job(r.job).map().timeline() == 2);
  CHECK(r.Events("RECOVERING") ==
        "rank 1 lost its task (killed by signal 9 (SIGKILL)), and with it what compression left "
        "behind there: back to where the job began|");
  r.Finish(1, 1);
}

TEST_CASE("it goes back to its newest cut, each time") {
  Running r(v1::CODEC_TOPK);
  r.Steps(25);
  const uint64_t cut = r.cluster.View(r.job).last_cut();
  REQUIRE(cut > 0);
  r.Kill("w1", 0);
  CHECK(r.cluster.Job(r.job).restore_cut() == cut);
  CHECK_THAT(r.Events("RECOVERING"), Contains("back to cut " + std::to_string(cut) + "|"));
  REQUIRE(r.cluster.RunUntil(r.job, v1::JOB_STATE_RUNNING));
  r.cluster.Step();
  r.Kill("w2", 1);
  CHECK(r.cluster.Job(r.job).map().timeline() == 3);
  r.Finish(2, 2);
}

TEST_CASE("what no task has yet, or sends anyway, is not lost") {
  SECTION("while the job recovers") {
    Running r(v1::CODEC_TOPK);
    r.Kill("w2", 1);
    REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_RECOVERING);
    r.Kill("w1", 0);
    r.Finish(2, 1);
  }
  SECTION("by a rank that has finished") {
    Running r(v1::CODEC_TOPK);
    FakeTask& task = r.cluster.node("w2").tasks.at({r.job, 1});
    task.report.mutable_progress()->set_finished(true);
    r.cluster.TaskSpeaks(r.cluster.node("w2"), task);
    r.Kill("w2", 1);
    CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
    CHECK(r.cluster.Job(r.job).ranks(1).incarnation() == 2);
  }
  SECTION("without a residual") {
    Running r(v1::CODEC_INT8);
    r.Kill("w2", 1);
    CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
    r.Finish(1, 0);
  }
  SECTION("as much as ssp and asp may lose") {
    Running r(v1::CODEC_TOPK, GENERATE(v1::POLICY_SSP, v1::POLICY_ASP));
    r.Kill("w2", 1);
    CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
    r.Finish(1, 0);
  }
}

TEST_CASE(
    "a task that lives on when its worker is lost does not train until another has its rank") {
  Running r(v1::CODEC_TOPK);
  v1::SyncTaskRequest lives = r.cluster.node("w2").tasks.at({r.job, 1}).report;
  // No slot is free for its rank.
  for (const char* name : {"w2", "w3"}) r.cluster.node(name).alive = false;
  r.Steps(5);
  REQUIRE(r.Events("TASK_EXITED") != "");
  REQUIRE(r.cluster.RunUntil(r.job, v1::JOB_STATE_RUNNING));
  REQUIRE(r.cluster.Job(r.job).map().timeline() == 2);
  REQUIRE(r.cluster.Job(r.job).ranks(1).incarnation() == 1);
  lives.set_sequence(lives.sequence() + 100);
  REQUIRE_OK(r.cluster.core().SyncTask(lives, r.cluster.now()));
  const v1::SyncTaskResponse reply = r.cluster.core().TaskReply(lives, r.cluster.now()).reply;
  CHECK(reply.desired() == v1::SyncTaskResponse::EXIT);
  CHECK(reply.fenced());
  CHECK_FALSE(reply.has_map());
  CHECK_THAT(reply.reason(), Contains("rank 1: incarnation 1 was given up: worker"));
  r.cluster.node("w3").alive = true;
  r.Finish(1, 1);
}

TEST_CASE("a rank that is moved leaves it behind as well") {
  Running r(v1::CODEC_TOPK);
  v1::SyncTaskRequest& report = r.cluster.node("w2").tasks.at({r.job, 1}).report;
  const v1::ShardServer& server = r.cluster.Job(r.job).map().servers(0);
  v1::UnreachableServer* unreachable = report.add_unreachable();
  unreachable->set_node_id(server.node_id());
  unreachable->set_incarnation(server.incarnation());
  unreachable->set_for_ms(4000);
  unreachable->set_cause("no route to host");
  r.Steps(2);
  CHECK(r.cluster.node("w3").tasks.count({r.job, 1}) == 1);
  CHECK(r.cluster.Job(r.job).map().timeline() == 2);
  CHECK_THAT(r.Events("RECOVERING"), Contains("rank 1 lost its task (worker") &&
                                         Contains("does not reach server") &&
                                         Contains("what compression left behind there"));
  CHECK_THAT(r.Events("RANK_MOVED"), Contains("rank 1, incarnation 2, to worker"));
  r.Finish(1, 1);
}

}  // namespace
}  // namespace paceline::scheduler

// Jobs outlive their servers.
#include "scheduler/core/lifecycle/rollback.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

struct Running {
  FakeCluster cluster;
  uint64_t job = 0;

  explicit Running(bool evaluates = false) {
    cluster.records = 1000;
    AddSmallCluster(&cluster);
    v1::JobSpec spec = RecordsSpec(2, 2, v1::POLICY_BSP, 10, 1);
    if (evaluates) {
      spec.mutable_data()->mutable_eval()->set_path("/data/test.libsvm");
      spec.mutable_data()->mutable_eval()->set_format(v1::DATA_FORMAT_LIBSVM);
    }
    job = cluster.Submit(spec);
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
    cluster.Step();
  }
  void Steps(int count) {
    for (int i = 0; i < count; ++i) cluster.Step();
  }
  v1::Job View() { return cluster.View(job); }
  void Finish(uint64_t rollbacks) {
    REQUIRE(cluster.RunUntilEnded(job));
    INFO(View().ShortDebugString());
    CHECK(View().state() == v1::JOB_STATE_SUCCEEDED);
    CHECK(View().reason().empty());
    CHECK(View().summary().samples() == 1000);
    CHECK(View().summary().rollbacks() == rollbacks);
    CHECK(View().summary().restarts() == 0);
  }
};

TEST_CASE("faults row 4: a lost server's shards go to those that are left, on a new timeline") {
  Running r;
  r.cluster.node("s2").alive = false;
  r.Steps(3);
  CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
  r.Steps(1);
  CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RECOVERING);
  const v1::ShardMap& map = r.cluster.Job(r.job).map();
  CHECK(map.timeline() == 2);
  CHECK(map.epoch() == 2);
  REQUIRE(map.servers_size() == 1);
  CHECK(map.servers(0).address() == "s1");
  INFO(r.View().reason());
  CHECK(r.View().reason().find("server 2 (s2) is lost: not heard for") == 0);
  r.Steps(2);
  CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
  r.Finish(1);
}

TEST_CASE("faults row 4: a restarted server comes back empty: the job goes back as well") {
  Running r;
  r.cluster.AddServer("s2");
  r.cluster.Step();
  CHECK(r.cluster.Job(r.job).map().timeline() == 2);
  r.Steps(2);
  CHECK(r.cluster.Job(r.job).map().servers_size() == 2);
  r.Finish(1);
}

TEST_CASE("a server that gave the tables up costs a rollback, not the job") {
  Running r;
  r.cluster.node("s2").report.clear_jobs();
  r.cluster.Step();
  CHECK(r.cluster.Job(r.job).map().timeline() == 2);
  r.Finish(1);
}

TEST_CASE("a job without any server waits with the reason") {
  Running r;
  for (const char* name : {"s1", "s2"}) r.cluster.node(name).alive = false;
  r.Steps(6);
  CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RECOVERING);
  INFO(r.View().reason());
  CHECK(r.View().reason().find("; needs 1 servers, 0 live") != std::string::npos);
  r.Steps(20);
  r.cluster.AddServer("s3");
  r.Finish(1);
}

TEST_CASE("a server that is lost while shards are placed anew is replaced as well") {
  Running r;
  r.cluster.node("s2").alive = false;
  r.Steps(4);
  REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_RECOVERING);
  r.cluster.AddServer("s1");
  r.Finish(2);
}

TEST_CASE("faults row 9: a server cut off for a while is closed and opened on the new timeline") {
  Running r;
  r.cluster.node("s2").alive = false;
  r.Steps(6);
  r.cluster.node("s2").alive = true;
  r.Steps(2);
  // It holds nothing of the job, which went on without it.
  CHECK(r.cluster.node("s2").report.jobs().empty());
  r.Finish(1);
}

TEST_CASE("a server lost before the final cut is committed takes the finished ranks back") {
  Running r;
  REQUIRE(r.cluster.RunUntil(r.job, v1::JOB_STATE_CHECKPOINTING));
  r.cluster.AddServer("s1");
  r.cluster.NodeSpeaks(r.cluster.node("s1"));
  CHECK(r.cluster.Job(r.job).map().timeline() == 2);
  r.Finish(1);
}

TEST_CASE("faults row 5: a power cut after the final cut leaves the summary as it was") {
  Running r;
  r.cluster.node("s1").report.mutable_jobs(0)->set_bytes_pushed(4000);
  for (auto& [key, task] : r.cluster.node("w1").tasks) {
    task.report.mutable_progress()->set_recent_loss(0.5);
    task.report.mutable_progress()->set_loss_count(1);
  }
  REQUIRE(r.cluster.RunUntil(r.job, v1::JOB_STATE_CHECKPOINTING));
  const v1::Job before = r.View();
  CHECK(before.summary().samples() == 1000);
  CHECK(before.summary().bytes_pushed() == 4000);
  CHECK(before.summary().train_loss() == 0.5);
  for (int i = 0; i < 10 && !r.cluster.Job(r.job).cut().committed(); ++i) {
    for (auto& [address, node] : r.cluster.nodes()) r.cluster.NodeSpeaks(node);
    r.cluster.RunCommands();
  }
  REQUIRE(r.cluster.Job(r.job).cut().committed());
  REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_CHECKPOINTING);
  // Nobody who counted is there any more.
  REQUIRE_OK(r.cluster.RestartScheduler());
  for (const char* name : {"s1", "s2"}) r.cluster.AddServer(name);
  for (const char* name : {"w1", "w2"}) r.cluster.AddWorker(name, 2);
  r.Finish(0);
  const v1::Job after = r.View();
  CHECK(after.summary().iterations() == before.summary().iterations());
  CHECK(after.summary().bytes_pushed() == 4000);
  CHECK(after.summary().train_loss() == 0.5);
  for (const v1::RankStatus& rank : after.ranks()) {
    CHECK(rank.finished());
    CHECK(rank.iteration() == 100);
  }
}

TEST_CASE("an evaluation of an abandoned timeline does not count") {
  Running r(/*evaluates=*/true);
  REQUIRE(r.cluster.RunUntil(r.job, v1::JOB_STATE_CHECKPOINTING));
  for (int i = 0; i < 10 && !r.cluster.Job(r.job).has_final_eval(); ++i) {
    for (auto& [address, node] : r.cluster.nodes()) {
      for (auto& [key, task] : node.tasks) r.cluster.TaskSpeaks(node, task);
    }
  }
  REQUIRE(r.cluster.Job(r.job).has_final_eval());
  r.cluster.AddServer("s1");
  r.cluster.NodeSpeaks(r.cluster.node("s1"));
  CHECK_FALSE(r.cluster.Job(r.job).has_final_eval());
  r.Finish(1);
  CHECK(r.View().summary().eval().accuracy() == 0.75);
}

TEST_CASE("servers that are lost after the final cut cost nothing") {
  Running r;
  REQUIRE(r.cluster.RunUntil(r.job, v1::JOB_STATE_CHECKPOINTING));
  for (int i = 0; i < 2; ++i) {
    for (auto& [address, node] : r.cluster.nodes()) r.cluster.NodeSpeaks(node);
  }
  r.cluster.RunCommands();
  for (const char* name : {"s1", "s2"}) r.cluster.node(name).alive = false;
  r.cluster.RunCommands();
  const bool ended = r.cluster.RunUntilEnded(r.job);
  INFO(r.View().ShortDebugString());
  REQUIRE(ended);
  CHECK(r.View().state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(r.View().summary().rollbacks() == 0);
}

TEST_CASE("faults row 5: all servers and the scheduler at once, at any moment") {
  for (int at = 0; at < 14; ++at) {
    Running r;
    for (int step = 0; step < 300 && !HasEnded(r.cluster.StateOf(r.job)); ++step) {
      if (step == at) {
        r.cluster.AddServer("s1");
        r.cluster.AddServer("s2");
        r.cluster.AddWorker("w1", 2);
        r.cluster.AddWorker("w2", 2);
        REQUIRE_OK(r.cluster.RestartScheduler());
      }
      r.cluster.Step();
    }
    INFO("at " << at << ": " << r.View().ShortDebugString());
    CHECK(r.View().state() == v1::JOB_STATE_SUCCEEDED);
    CHECK(r.View().summary().samples() == 1000);
  }
}

}  // namespace
}  // namespace paceline::scheduler

// Of what goes wrong in a job, that which came first is what its user is told.
#include "scheduler/core/state/first_failure.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

// Two workers of two slots each, and a job of two ranks that runs.
struct Running {
  FakeCluster cluster;
  uint64_t job = 0;

  Running() {
    cluster.records = 10000;
    cluster.AddServer("s1");
    for (const std::string address : {"w1", "w2"}) {
      cluster.AddWorker(address, 2).report.set_hostname("host-" + address);
    }
    cluster.Step();
    job = cluster.Submit(RecordsSpec(2, 1, v1::POLICY_ASP, 10, 1));
    REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  }

  // The node that runs the rank, and its report of it.
  std::pair<FakeNode*, v1::TaskReport*> Find(uint32_t rank) {
    for (auto& [address, node] : cluster.nodes()) {
      for (v1::TaskReport& task : *node.report.mutable_tasks()) {
        if (task.rank() == rank && task.state() == v1::TaskReport::RUNNING) return {&node, &task};
      }
    }
    return {nullptr, nullptr};
  }
  FakeTask& Task(uint32_t rank) { return Find(rank).first->tasks.at({job, rank}); }

  // The rank's task dies; what its log says last.
  void Kill(uint32_t rank, const std::string& last_words) {
    const auto [node, task] = Find(rank);
    REQUIRE(task != nullptr);
    node->tasks.at({job, rank}).exited = true;
    task->set_state(v1::TaskReport::EXITED);
    task->mutable_exit()->set_cause("killed by signal 9 (SIGKILL)");
    task->mutable_exit()->set_signal(9);
    task->mutable_exit()->add_last_log_lines(last_words);
    cluster.NodeSpeaks(*node);
  }
  // The rank's task does nothing, and never did.
  void Stall(uint32_t rank) {
    Task(rank).pace = 0;
    Task(rank).report.mutable_progress()->set_iteration(0);
    cluster.Step();
  }
  // Steps until the rank has a task that runs, which then does nothing.
  void Revive(uint32_t rank) {
    for (int i = 0; i < 20 && Find(rank).second == nullptr; ++i) cluster.Step();
    Stall(rank);
  }
  v1::FirstFailure First() { return cluster.View(job).first_failure(); }
};

TEST_CASE("a task that dies again and again: its first death is told") {
  Running r;
  r.Stall(1);
  for (const char* words : {"first words", "second words", "third words"}) {
    CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
    r.Kill(1, words);
    if (r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING) r.Revive(1);
  }
  REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_FAILED);
  for (const bool restarted : {false, true}) {
    if (restarted) REQUIRE_OK(r.cluster.RestartScheduler());
    CHECK(r.First().rank() == 1);
    CHECK(r.First().exit().cause() == "killed by signal 9 (SIGKILL)");
    REQUIRE(r.First().exit().last_log_lines_size() == 1);
    CHECK(r.First().exit().last_log_lines(0) == "first words");
    CHECK(r.First().hostname().substr(0, 6) == "host-w");
    CHECK(r.First().worker_address() == r.First().hostname().substr(5));
    CHECK(r.First().time_ms() > 0);
  }
  for (const v1::RankRecord& rank : r.cluster.Job(r.job).ranks()) {
    CHECK_FALSE(rank.has_first_death());
  }
}

TEST_CASE("a death that its rank has outlived is not to blame") {
  Running r;
  r.Kill(0, "outlived");
  CHECK(r.First().exit().last_log_lines(0) == "outlived");
  for (int i = 0; i < 20; ++i) r.cluster.Step();
  CHECK(r.cluster.View(r.job).ranks(0).iteration() > 3);
  CHECK_FALSE(r.cluster.View(r.job).has_first_failure());
  r.Stall(1);
  for (int i = 0; i < 3; ++i) {
    r.Kill(1, "to blame");
    if (i < 2) r.Revive(1);
  }
  REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_FAILED);
  CHECK(r.First().rank() == 1);
  CHECK(r.First().exit().last_log_lines(0) == "to blame");
}

TEST_CASE("of two ranks that cannot go on, the one that died first") {
  Running r;
  r.Stall(0);
  r.Stall(1);
  r.Kill(1, "first of all");
  r.Revive(1);
  for (int i = 0; i < 3; ++i) {
    r.Kill(0, "later");
    if (i < 2) r.Revive(0);
  }
  REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_FAILED);
  CHECK(r.First().rank() == 1);
  CHECK(r.First().exit().last_log_lines(0) == "first of all");
}

TEST_CASE("a job that succeeds has no first failure") {
  Running r;
  r.Kill(0, "nothing serious");
  REQUIRE(r.cluster.RunUntilEnded(r.job));
  REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_SUCCEEDED);
  CHECK_FALSE(r.cluster.View(r.job).has_first_failure());
}

TEST_CASE("the job of a task that failed ends with its process, whose last words are kept") {
  Running r;
  const auto [node, process] = r.Find(1);
  FakeTask& task = node->tasks.at({r.job, 1});
  task.report.set_error("train.libsvm: record 7: no label");
  r.cluster.TaskSpeaks(*node, task);
  // Told to exit, and not yet known to have done so.
  CHECK(task.exited);
  CHECK(r.cluster.StateOf(r.job) == v1::JOB_STATE_RUNNING);
  bool heard = false;
  SECTION("the process ends") {
    heard = true;
    process->mutable_exit()->set_cause("exit code 1");
    process->mutable_exit()->set_exit_code(1);
    process->mutable_exit()->add_last_log_lines("no label!");
    r.cluster.NodeSpeaks(*node);
  }
  SECTION("the process hangs") {
    process->set_state(v1::TaskReport::RUNNING);
    r.cluster.Advance(r.cluster.options.plan.heartbeat * 4);
  }
  REQUIRE(r.cluster.StateOf(r.job) == v1::JOB_STATE_FAILED);
  CHECK(r.cluster.View(r.job).reason() == "rank 1: train.libsvm: record 7: no label");
  CHECK(r.First().rank() == 1);
  CHECK(r.First().exit().cause() == "train.libsvm: record 7: no label");
  CHECK(r.First().exit().exit_code() == (heard ? 1 : 0));
  CHECK(r.First().exit().last_log_lines_size() == (heard ? 1 : 0));
}

TEST_CASE("of several tasks that failed the first one's error is the reason") {
  Running r;
  for (const uint32_t rank : {1, 0}) {
    FakeNode* node = r.Find(rank).first;
    FakeTask& task = node->tasks.at({r.job, rank});
    task.report.set_error("error of rank " + std::to_string(rank));
    r.cluster.TaskSpeaks(*node, task);
    r.cluster.Advance(absl::Milliseconds(10));
  }
  REQUIRE(r.cluster.RunUntilEnded(r.job));
  CHECK(r.cluster.View(r.job).reason() == "rank 1: error of rank 1");
}

}  // namespace
}  // namespace paceline::scheduler

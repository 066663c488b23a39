// How jobs end before their time, and what they outlive.
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

TEST_CASE("what ends a job before its time, with the first cause as the reason") {
  FakeCluster cluster;
  cluster.records = 1000;
  AddSmallCluster(&cluster);
  const uint64_t job = cluster.Submit(RecordsSpec(4, 2, v1::POLICY_BSP, 10, 10));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  FakeNode& worker = cluster.node("w2");
  std::string want;
  SECTION("a task's own error") {
    worker.tasks.begin()->second.report.set_error("/data/train.libsvm: record 7: no label");
    want = ": /data/train.libsvm: record 7: no label";
  }
  SECTION("a server's failure") {
    v1::ServerJobReport* report = cluster.node("s1").report.mutable_jobs(0);
    report->set_state(v1::ServerJobReport::FAILED);
    report->set_error("table w: rank 1 iteration 3 pushed a NaN");
    want = "(s1): table w: rank 1 iteration 3 pushed a NaN";
  }
  REQUIRE(cluster.RunUntilEnded(job));
  const v1::Job view = cluster.View(job);
  CHECK(view.state() == v1::JOB_STATE_FAILED);
  INFO(view.reason());
  CHECK(view.reason().find(want) != std::string::npos);
  CHECK(view.summary().reason() == view.reason());
  cluster.Step();
  cluster.Step();
  for (auto& [address, node] : cluster.nodes()) {
    if (node.alive) CHECK((node.report.jobs().empty() && node.report.tasks().empty()));
  }
}

TEST_CASE("ranks that disagree about their data end the job") {
  FakeCluster cluster;
  cluster.records = 100;
  AddSmallCluster(&cluster);
  const uint64_t job = cluster.Submit(RecordsSpec(2, 1, v1::POLICY_BSP, 10, 1));
  cluster.NodeSpeaks(cluster.node("w1"));
  cluster.TaskSpeaks(cluster.node("w1"), cluster.node("w1").tasks.begin()->second);
  cluster.records = 90;
  REQUIRE(cluster.RunUntilEnded(job));
  CHECK(cluster.View(job).reason().find("ranks disagree on training records") != std::string::npos);
}

TEST_CASE("a restart of the scheduler at any moment changes nothing") {
  const auto policy = GENERATE(v1::POLICY_BSP, v1::POLICY_ASP);
  for (int restart_at = 0; restart_at < 24; ++restart_at) {
    FakeCluster cluster;
    cluster.records = 50;
    AddSmallCluster(&cluster);
    v1::JobSpec spec = RecordsSpec(2, 2, policy, 10, 2);
    spec.mutable_data()->mutable_eval()->set_path("/data/test.libsvm");
    spec.mutable_data()->mutable_eval()->set_format(v1::DATA_FORMAT_LIBSVM);
    const uint64_t job = cluster.Submit(spec);
    for (int step = 0; !HasEnded(cluster.StateOf(job)) && step < 200; ++step) {
      if (step == restart_at) REQUIRE_OK(cluster.RestartScheduler());
      cluster.Step();
    }
    INFO("restart at " << restart_at << ": " << cluster.View(job).reason());
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
    CHECK(cluster.View(job).summary().samples() == 100);
  }
}

TEST_CASE("a final cut that cannot be committed is tried again, one that cannot be read fails") {
  const bool commit_fails = GENERATE(true, false);
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP));
  // Step without running commands.
  std::vector<Command> commands;
  for (int i = 0; i < 50 && commands.empty(); ++i) {
    for (auto& [address, node] : cluster.nodes()) {
      cluster.NodeSpeaks(node);
      for (auto& [key, task] : node.tasks) cluster.TaskSpeaks(node, task);
    }
    commands = cluster.core().TakeCommands();
  }
  REQUIRE(commands.size() == 1);
  CHECK(commands[0].kind == Command::Kind::kCommitCut);
  CHECK(commands[0].dir == "/data/jobs/1/00000001");
  CHECK(commands[0].manifest.files_size() == commands[0].manifest.shards_size());
  CHECK(commands[0].manifest.progress_size() == 2);
  CHECK(commands[0].manifest.progress(0) == 3);
  // It is not asked twice while the work goes on.
  cluster.Advance(absl::Seconds(1));
  CHECK(cluster.core().TakeCommands().empty());
  const absl::Status bad = absl::DataLossError("shard 0: bad checksum");
  if (commit_fails) {
    REQUIRE_OK(cluster.core().OnWorkDone(commands[0], bad, cluster.now()));
    CHECK(cluster.View(job).reason() == "cut 1: shard 0: bad checksum; tries again");
    for (int i = 0; i < 8; ++i) cluster.Step();
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_CHECKPOINTING);
    REQUIRE(cluster.RunUntilEnded(job));
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
    CHECK(cluster.View(job).last_cut() == 2);
    return;
  }
  REQUIRE_OK(cluster.core().OnWorkDone(commands[0], std::string("m"), cluster.now()));
  commands = cluster.core().TakeCommands();
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].kind == Command::Kind::kRemoveCuts);
  CHECK(commands[1].kind == Command::Kind::kHashCut);
  REQUIRE_OK(cluster.core().OnWorkDone(commands[1], bad, cluster.now()));
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_FAILED);
  CHECK(cluster.View(job).reason() == "cut 1: shard 0: bad checksum");
}

TEST_CASE("an error of the journal changes nothing, and the next event tries again") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  cluster.journal().FailWith(absl::ResourceExhaustedError("disk full"));
  v1::SubmitJobRequest request;
  *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
  const uint64_t before = cluster.core().state().journal_index();
  CHECK_STATUS(cluster.core().Submit(request, std::nullopt, cluster.now()),
               absl::StatusCode::kResourceExhausted, "disk full");
  CHECK(cluster.core().state().journal_index() == before);
  cluster.journal().FailWith(absl::OkStatus());
  REQUIRE_OK_AND_ASSIGN(const uint64_t job,
                        cluster.core().Submit(request, std::nullopt, cluster.now()));
  cluster.journal().FailWith(absl::UnavailableError("gone"));
  for (int i = 0; i < 5; ++i) cluster.Step();
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_PLACING);
  cluster.journal().FailWith(absl::OkStatus());
  REQUIRE(cluster.RunUntilEnded(job));
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
}

}  // namespace
}  // namespace paceline::scheduler

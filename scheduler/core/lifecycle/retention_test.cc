#include "scheduler/core/lifecycle/retention.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/scheduler_core.h"

namespace paceline::scheduler {
namespace {

uint64_t EndedJob(FakeCluster* cluster) {
  const uint64_t job = cluster->Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  REQUIRE(cluster->RunUntilEnded(job));
  return job;
}

std::vector<uint64_t> JobIds(FakeCluster* cluster) {
  std::vector<uint64_t> ids;
  for (const auto& [id, job] : cluster->core().state().jobs()) ids.push_back(id);
  return ids;
}

TEST_CASE("a job is gone from the state once its files are, and only then") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = EndedJob(&cluster);
  SchedulerCore& core = cluster.core();
  const std::string dir = cluster.Job(job).checkpoint_dir();
  core.TakeCommands();
  REQUIRE_OK(core.Delete(job, cluster.now()));
  // Asked for twice, done once.
  REQUIRE_OK(core.Delete(job, cluster.now()));
  std::vector<Command> commands = core.TakeCommands();
  REQUIRE(commands.size() == 1);
  CHECK(commands[0].kind == Command::Kind::kDeleteJob);
  CHECK(commands[0].dir == dir);
  CHECK(core.state().FindJob(job) != nullptr);
  // Nobody starts from what is going.
  v1::SubmitJobRequest request;
  *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
  request.mutable_spec()->mutable_start()->set_cut("1");
  CHECK_STATUS(cluster.TrySubmit(request), absl::StatusCode::kFailedPrecondition,
               "job 1 is being deleted");
  SECTION("files that cannot be removed keep it") {
    REQUIRE_OK(core.OnWorkDone(commands[0], absl::UnavailableError("no disk"), cluster.now()));
    CHECK(core.state().FindJob(job) != nullptr);
    CHECK_OK(cluster.TrySubmit(request));
  }
  SECTION("so does a crash between") {
    REQUIRE_OK(cluster.RestartScheduler());
    REQUIRE(cluster.core().state().FindJob(job) != nullptr);
    REQUIRE_OK(cluster.core().Delete(job, cluster.now()));
    cluster.RunCommands();
    CHECK(cluster.core().state().FindJob(job) == nullptr);
  }
  SECTION("else it goes") {
    REQUIRE_OK(core.OnWorkDone(commands[0], std::string(), cluster.now()));
    CHECK_STATUS(core.GetJob(job, cluster.now()), absl::StatusCode::kNotFound, "job 1");
    CHECK_STATUS(core.Delete(job, cluster.now()), absl::StatusCode::kNotFound, "job 1");
    // Its number is not used again.
    CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP)) == job + 1);
    REQUIRE_OK(cluster.RestartScheduler());
    CHECK(cluster.core().state().FindJob(job) == nullptr);
  }
}

TEST_CASE("a job that runs, or whose cut is needed, is not deleted") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t first = EndedJob(&cluster);
  v1::JobSpec next = CountingSpec(1, 1, v1::POLICY_BSP);
  next.mutable_start()->set_cut("1");
  next.mutable_train()->set_iterations(1000);
  const uint64_t second = cluster.Submit(next);
  REQUIRE(second != 0);
  const auto refused = absl::StatusCode::kFailedPrecondition;
  CHECK_STATUS(cluster.core().Delete(first, cluster.now()), refused,
               "job 2 starts from its cut and has none of its own yet");
  CHECK_STATUS(cluster.core().Delete(second, cluster.now()), refused,
               "job 2 is placing; cancel it first");
  REQUIRE(cluster.RunUntil(second, v1::JOB_STATE_RUNNING));
  v1::CheckpointJobRequest checkpoint;
  checkpoint.set_job_id(second);
  REQUIRE_OK(cluster.core().Checkpoint(checkpoint, cluster.now()));
  for (int i = 0; i < 20 && cluster.Job(second).cuts().empty(); ++i) cluster.Step();
  CHECK_OK(cluster.core().Delete(first, cluster.now()));
}

TEST_CASE("the oldest ended jobs beyond a number are deleted, with their files") {
  FakeCluster cluster;
  cluster.options.plan.keep_ended_jobs = 2;
  REQUIRE_OK(cluster.RestartScheduler());
  AddSmallCluster(&cluster);
  for (int i = 0; i < 5; ++i) EndedJob(&cluster);
  cluster.Step();
  cluster.Step();
  CHECK(JobIds(&cluster) == std::vector<uint64_t>{4, 5});
  for (const auto& [dir, manifest] : cluster.manifests)
    CHECK_FALSE(absl::StartsWith(dir, "/data/jobs/3"));
}

TEST_CASE("ended jobs are deleted after a time that no jump of the wall clock shortens") {
  FakeCluster cluster;
  cluster.options.plan.keep_ended_for = absl::Hours(1);
  REQUIRE_OK(cluster.RestartScheduler());
  AddSmallCluster(&cluster);
  const uint64_t job = EndedJob(&cluster);
  cluster.MoveWallClock(absl::ToInt64Milliseconds(absl::Hours(1000)));
  cluster.Step();
  CHECK(JobIds(&cluster) == std::vector<uint64_t>{job});
  cluster.Advance(absl::Minutes(59));
  cluster.RunCommands();
  CHECK(JobIds(&cluster) == std::vector<uint64_t>{job});
  cluster.Advance(absl::Minutes(2));
  cluster.RunCommands();
  CHECK(JobIds(&cluster).empty());
}

TEST_CASE("what retention could not remove is tried again later") {
  FakeCluster cluster;
  cluster.options.plan.keep_ended_for = absl::Seconds(1);
  REQUIRE_OK(cluster.RestartScheduler());
  AddSmallCluster(&cluster);
  const uint64_t job = EndedJob(&cluster);
  SchedulerCore& core = cluster.core();
  cluster.Advance(absl::Seconds(5));
  std::vector<Command> commands = core.TakeCommands();
  while (!commands.empty() && commands[0].kind != Command::Kind::kDeleteJob)
    commands.erase(commands.begin());
  REQUIRE(commands.size() == 1);
  REQUIRE_OK(core.OnWorkDone(commands[0], absl::UnavailableError("no disk"), cluster.now()));
  cluster.Advance(absl::Seconds(5));
  CHECK(core.TakeCommands().empty());
  cluster.Advance(cluster.options.plan.delete_retry);
  cluster.RunCommands();
  CHECK(core.state().FindJob(job) == nullptr);
}

TEST_CASE("copies of a deleted job's cuts are dropped by holders, of a forgotten one's not") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  v1::JobSpec spec = CountingSpec(1, 2, v1::POLICY_BSP);
  spec.mutable_checkpoint()->set_replicas(2);
  const uint64_t job = cluster.Submit(spec);
  REQUIRE(cluster.RunUntilEnded(job));
  REQUIRE(cluster.node("s1").report.held_cuts_size() == 1);
  // One holder is away meanwhile.
  cluster.node("s2").alive = false;
  SECTION("deleted") {
    REQUIRE_OK(cluster.core().Delete(job, cluster.now()));
    cluster.RunCommands();
    for (int i = 0; i < 10; ++i) cluster.Step();
    CHECK(cluster.node("s1").report.held_cuts().empty());
    REQUIRE_OK(cluster.RestartScheduler());
    REQUIRE_OK_AND_ASSIGN(const ClusterState copy,
                          ClusterState::FromSnapshot(cluster.core().state().Snapshot()));
    CHECK(copy.deleted_jobs().contains(job));
    cluster.node("s2").alive = true;
    for (int i = 0; i < 3; ++i) cluster.Step();
    CHECK(cluster.node("s2").report.held_cuts().empty());
  }
  SECTION("forgotten") {
    cluster.options.plan.max_ended_jobs = 0;
    REQUIRE_OK(cluster.RestartScheduler());
    cluster.node("s2").alive = true;
    for (int i = 0; i < 10; ++i) cluster.Step();
    CHECK(cluster.core().state().FindJob(job) == nullptr);
    CHECK(cluster.node("s1").report.held_cuts_size() == 1);
    CHECK(cluster.node("s2").report.held_cuts_size() == 1);
  }
}

TEST_CASE("workers drop logs of jobs that are gone, never of those that are yet to come") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t gone = EndedJob(&cluster);
  const uint64_t there = EndedJob(&cluster);
  REQUIRE_OK(cluster.core().Delete(gone, cluster.now()));
  cluster.RunCommands();
  v1::HeartbeatRequest& report = cluster.node("w1").report;
  for (const uint64_t id : {gone, there, there + 1, there + 100}) report.add_logged_jobs(id);
  REQUIRE_OK_AND_ASSIGN(const uint64_t node, cluster.core().Heartbeat(report, cluster.now()));
  const v1::HeartbeatResponse reply = cluster.core().NodeReply(node, cluster.now()).reply;
  REQUIRE(reply.drop_logs_size() == 1);
  CHECK(reply.drop_logs(0) == gone);
}

TEST_CASE("the journal of an older scheduler has no deletes, drains and owners, and replays") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const uint64_t job = EndedJob(&cluster);
  CHECK(cluster.Job(job).owner() == "");
  v1::StateSnapshot old = cluster.core().state().Snapshot();
  old.clear_deleted_jobs();
  REQUIRE_OK_AND_ASSIGN(const ClusterState copy, ClusterState::FromSnapshot(old));
  CHECK(copy.deleted_jobs().empty());
  CHECK_FALSE(copy.FindNode(1)->drain());
}

}  // namespace
}  // namespace paceline::scheduler

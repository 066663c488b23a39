#include "scheduler/core/scheduler_core.h"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

TEST_CASE("a job from submit to SUCCEEDED under every policy") {
  const auto policy = GENERATE(v1::POLICY_BSP, v1::POLICY_SSP, v1::POLICY_ASP);
  FakeCluster cluster;
  cluster.records = 103;
  AddSmallCluster(&cluster);
  v1::JobSpec spec = RecordsSpec(4, 2, policy, 10, 3);
  spec.mutable_data()->mutable_eval()->set_path("/data/test.libsvm");
  spec.mutable_data()->mutable_eval()->set_format(v1::DATA_FORMAT_LIBSVM);
  const uint64_t job = cluster.Submit(spec);
  REQUIRE(job == 1);
  CHECK(cluster.StateOf(job) == v1::JOB_STATE_PLACING);
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  CHECK(cluster.View(job).placement_size() == 2);
  REQUIRE(cluster.RunUntilEnded(job));

  const v1::Job view = cluster.View(job);
  INFO(view.ShortDebugString());
  CHECK(view.state() == v1::JOB_STATE_SUCCEEDED);
  CHECK(view.summary().state() == "succeeded");
  CHECK(view.summary().samples() == 3 * 103);
  CHECK(view.summary().ranks() == 4);
  CHECK(view.summary().servers() == 2);
  CHECK(view.summary().device() == "cpu");
  CHECK(view.summary().eval().accuracy() == 0.75);
  CHECK(view.summary().parameters_sha256() == "sha");
  CHECK(view.last_cut() == 1);
  CHECK(view.checkpoint_dir() == "/data/jobs/1");
  if (policy == v1::POLICY_BSP) CHECK(view.summary().iterations() == 4 * 33);
  for (const v1::RankStatus& rank : view.ranks()) CHECK(rank.finished());

  // All is closed within two heartbeats.
  cluster.Step();
  cluster.Step();
  CHECK(AllClosed(&cluster));
}

TEST_CASE(
    "faults row 34: a job that cannot start says why, and those behind it whom they wait for") {
  FakeCluster cluster;
  cluster.AddServer("s1");
  cluster.AddWorker("w1", 3);
  cluster.Step();
  const uint64_t wide = cluster.Submit(CountingSpec(8, 3, v1::POLICY_BSP));
  const uint64_t narrow = cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  CHECK(cluster.View(wide).reason() == "needs 8 workers, 3 free; needs 3 servers, 1 live");
  CHECK(cluster.View(narrow).reason() == "waits for job 1");
  CHECK(cluster.View(narrow).summary().reason() == "waits for job 1");
  CHECK(cluster.StateOf(narrow) == v1::JOB_STATE_PENDING);

  v1::CancelJobRequest cancel;
  cancel.set_job_id(wide);
  cancel.set_reason("too wide");
  REQUIRE_OK_AND_ASSIGN(const v1::Job cancelled, cluster.core().Cancel(cancel, cluster.now()));
  CHECK(cancelled.state() == v1::JOB_STATE_CANCELLED);
  CHECK(cancelled.reason() == "too wide");
  // The one behind it starts at once.
  CHECK(cluster.StateOf(narrow) == v1::JOB_STATE_PLACING);
  CHECK(cluster.View(narrow).reason() == "waits for rank 0 to start and read the data");
  REQUIRE(cluster.RunUntilEnded(narrow));
  CHECK(cluster.StateOf(narrow) == v1::JOB_STATE_SUCCEEDED);
}

TEST_CASE("first in, first out: four jobs on four slots all succeed, in order of start") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  for (int i = 0; i < 4; ++i) REQUIRE(cluster.Submit(CountingSpec(2, 2, v1::POLICY_BSP)) != 0);
  CHECK(cluster.StateOf(1) == v1::JOB_STATE_PLACING);
  CHECK(cluster.StateOf(2) == v1::JOB_STATE_PLACING);
  CHECK(cluster.StateOf(3) == v1::JOB_STATE_PENDING);
  for (uint64_t job = 1; job <= 4; ++job) {
    REQUIRE(cluster.RunUntilEnded(job));
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
    if (job > 1) CHECK(cluster.Job(job).running_ms() >= cluster.Job(job - 1).running_ms());
  }
}

TEST_CASE("a slot is free only when the task of the ended job is gone") {
  FakeCluster cluster;
  cluster.AddServer("s1");
  cluster.AddWorker("w1", 1);
  cluster.Step();
  const uint64_t first = cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  REQUIRE(cluster.RunUntil(first, v1::JOB_STATE_RUNNING));
  const uint64_t second = cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  v1::CancelJobRequest cancel;
  cancel.set_job_id(first);
  REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()));
  CHECK(cluster.StateOf(second) == v1::JOB_STATE_PENDING);
  CHECK(cluster.View(second).reason() == "needs 1 workers, 0 free");
  REQUIRE(cluster.RunUntilEnded(second));
  CHECK(cluster.StateOf(second) == v1::JOB_STATE_SUCCEEDED);
}

TEST_CASE("a repeated request_id returns the first answer") {
  FakeCluster cluster;
  CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP), "r1") == 1);
  CHECK(cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP), "r1") == 1);
  REQUIRE_OK(cluster.RestartScheduler());
  CHECK(cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP), "r1") == 1);
  CHECK(cluster.Submit(CountingSpec(2, 1, v1::POLICY_BSP), "r2") == 2);
  CHECK(cluster.Job(1).spec().resources().workers() == 1);
}

TEST_CASE("requests that are refused, and why") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  SchedulerCore& core = cluster.core();
  const uint64_t before = core.state().journal_index();

  SECTION("a wrong spec: all problems with their paths") {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = CountingSpec(0, 1, v1::POLICY_BSP);
    request.mutable_spec()->mutable_resources()->set_workers(5000);
    request.mutable_spec()->mutable_train()->mutable_optimizer()->set_learning_rate(-1);
    const auto refused = core.Submit(request, std::nullopt, cluster.now());
    CHECK_STATUS(refused, absl::StatusCode::kInvalidArgument, "resources.workers");
    CHECK_STATUS(refused, absl::StatusCode::kInvalidArgument, "train.optimizer.learning_rate");
  }
  SECTION("a request_id that is too long") {
    v1::SubmitJobRequest request;
    *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
    request.set_request_id(std::string(129, 'x'));
    CHECK_STATUS(core.Submit(request, std::nullopt, cluster.now()),
                 absl::StatusCode::kInvalidArgument, "at most 128 bytes");
  }
  SECTION("unknown jobs") {
    v1::CancelJobRequest cancel;
    cancel.set_job_id(9);
    CHECK_STATUS(core.Cancel(cancel, cluster.now()), absl::StatusCode::kNotFound, "job 9");
    CHECK_STATUS(core.GetJob(9, cluster.now()), absl::StatusCode::kNotFound, "job 9");
  }
  SECTION("a reason that is too long") {
    v1::CancelJobRequest cancel;
    cancel.set_reason(std::string(2000, 'x'));
    CHECK_STATUS(core.Cancel(cancel, cluster.now()), absl::StatusCode::kInvalidArgument, "reason");
  }
  SECTION("nodes that do not fit") {
    v1::HeartbeatRequest node = cluster.node("w1").report;
    node.mutable_scheduler()->set_cluster_id("cluster-b");
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kFailedPrecondition,
                 "cluster-b");
    node.clear_scheduler();
    node.set_slots(100000);
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kInvalidArgument, "slots");
    node.set_slots(1);
    node.clear_address();
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kInvalidArgument,
                 "address");
    node.set_address("w1");
    node.set_role(v1::NODE_ROLE_UNSPECIFIED);
    CHECK_STATUS(core.Heartbeat(node, cluster.now()), absl::StatusCode::kInvalidArgument, "role");
  }
  CHECK(core.state().journal_index() == before);
}

TEST_CASE("faults row 33: a node of another version is refused when it registers, naming both") {
  FakeCluster cluster;
  for (v1::HeartbeatRequest node :
       {FakeNode::Server("s", 1).report, FakeNode::Worker("w", 2, 1).report}) {
    for (const std::string version : {"2", "0.9", ""}) {
      node.set_version(version);
      const std::string want = "version: this scheduler is 1, the node at " + node.address() +
                               " is " + version + "; all must be the same";
      CHECK_STATUS(cluster.core().Heartbeat(node, cluster.now()),
                   absl::StatusCode::kFailedPrecondition, want);
    }
    CHECK(cluster.core().state().FindNode(node.role(), node.address()) == nullptr);
    node.set_version("1");
    CHECK_OK(cluster.core().Heartbeat(node, cluster.now()));
    // One that was replaced by another version while it was known.
    node.set_version("2");
    CHECK_STATUS(cluster.core().Heartbeat(node, cluster.now()),
                 absl::StatusCode::kFailedPrecondition, "version");
  }
}

TEST_CASE("too many jobs are refused with the limit") {
  FakeCluster cluster;
  cluster.options.plan.max_active_jobs = 2;
  REQUIRE_OK(cluster.RestartScheduler());
  CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP)) == 1);
  CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP)) == 2);
  v1::SubmitJobRequest request;
  *request.mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
  CHECK_STATUS(cluster.core().Submit(request, std::nullopt, cluster.now()),
               absl::StatusCode::kResourceExhausted, "at most 2 jobs");
}

TEST_CASE("lists: by state, in pages") {
  FakeCluster cluster;
  for (int i = 0; i < 5; ++i) cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP));
  v1::CancelJobRequest cancel;
  cancel.set_job_id(2);
  REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()));
  v1::ListJobsRequest request;
  request.set_page_size(2);
  v1::ListJobsResponse page = cluster.core().ListJobs(request, cluster.now());
  REQUIRE(page.jobs_size() == 2);
  CHECK(page.more());
  request.set_after_job_id(page.jobs(1).job_id());
  request.set_page_size(3);
  page = cluster.core().ListJobs(request, cluster.now());
  REQUIRE(page.jobs_size() == 3);
  CHECK_FALSE(page.more());
  CHECK(page.jobs(2).job_id() == 5);
  v1::ListJobsRequest ended;
  ended.add_states(v1::JOB_STATE_CANCELLED);
  page = cluster.core().ListJobs(ended, cluster.now());
  REQUIRE(page.jobs_size() == 1);
  CHECK(page.jobs(0).job_id() == 2);
}

TEST_CASE("the oldest ended jobs are forgotten beyond the limit") {
  FakeCluster cluster;
  cluster.options.plan.max_ended_jobs = 3;
  REQUIRE_OK(cluster.RestartScheduler());
  for (int i = 0; i < 6; ++i) {
    v1::CancelJobRequest cancel;
    cancel.set_job_id(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP), std::to_string(i)));
    REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()));
  }
  CHECK(cluster.core().state().jobs().size() == 3);
  CHECK(cluster.core().state().FindJob(3) == nullptr);
  CHECK(cluster.core().state().FindJob(4) != nullptr);
  // Ids are never used again.
  CHECK(cluster.Submit(CountingSpec(1, 1, v1::POLICY_BSP)) == 7);
}

}  // namespace
}  // namespace paceline::scheduler

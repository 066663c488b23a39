#include "scheduler/core/admission/tenant_limits.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/security/identity.h"
#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/nodes/memory.h"
#include "scheduler/core/scheduler_core.h"
#include "scheduler/core/state/limit_table.h"

namespace paceline::scheduler {
namespace {

absl::StatusOr<uint64_t> Submit(FakeCluster* cluster, const std::string& owner,
                                const v1::JobSpec& spec) {
  v1::SubmitJobRequest request;
  *request.mutable_spec() = spec;
  return cluster->core().Submit(request, {}, cluster->now(), {.role = Role::kUser, .name = owner});
}

v1::JobSpec Spec(uint32_t workers, uint64_t iterations = 100000) {
  v1::JobSpec spec = CountingSpec(workers, 1, v1::POLICY_BSP);
  spec.mutable_train()->set_iterations(iterations);
  return spec;
}

LimitTable Limits(TenantLimits defaults) {
  LimitTable table;
  table.file = "limits.yaml";
  table.defaults = defaults;
  return table;
}

TEST_CASE("what is beyond a limit is refused, naming limit, value, owner and file") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  const auto exhausted = absl::StatusCode::kResourceExhausted;
  SECTION("ranks of one job") {
    cluster.core().SetLimits(Limits({.max_job_ranks = 2}));
    CHECK_STATUS(Submit(&cluster, "alice", Spec(3)), exhausted,
                 "the job needs 3 workers; max_job_ranks of alice is 2 (limits.yaml)");
    CHECK_OK(Submit(&cluster, "alice", Spec(2)));
  }
  SECTION("workers at a time, of one job alone") {
    cluster.core().SetLimits(Limits({.max_workers = 2}));
    CHECK_STATUS(Submit(&cluster, "alice", Spec(3)), exhausted, "max_workers of alice is 2");
  }
  SECTION("jobs that have not ended") {
    cluster.core().SetLimits(Limits({.max_active_jobs = 2}));
    CHECK_OK(Submit(&cluster, "alice", Spec(1)));
    CHECK_OK(Submit(&cluster, "alice", Spec(1)));
    CHECK_STATUS(Submit(&cluster, "alice", Spec(1)), exhausted,
                 "2 jobs have not ended; max_active_jobs of alice is 2 (limits.yaml)");
    CHECK_OK(Submit(&cluster, "bob", Spec(1)));
  }
  SECTION("jobs that wait") {
    cluster.core().SetLimits(Limits({.max_queued_jobs = 1}));
    CHECK_OK(Submit(&cluster, "alice", Spec(4)));
    CHECK_OK(Submit(&cluster, "alice", Spec(4)));
    CHECK_STATUS(Submit(&cluster, "alice", Spec(4)), exhausted,
                 "1 jobs wait for their turn; max_queued_jobs of alice is 1 (limits.yaml)");
  }
  SECTION("bytes of tables") {
    v1::JobSpec spec = Spec(1);
    spec.mutable_model()->set_rows(64);
    spec.mutable_model()->set_dim(4);
    const uint64_t need = MemoryNeed(spec, v1::TaskFacts());
    REQUIRE(need > 0);
    cluster.core().SetLimits(Limits({.max_tables_bytes = need - 1}));
    CHECK_STATUS(Submit(&cluster, "alice", spec), exhausted, "max_tables_bytes of alice is ");
    cluster.core().SetLimits(Limits({.max_server_memory = need - 1}));
    CHECK_STATUS(Submit(&cluster, "alice", spec), exhausted, "max_server_memory of alice is ");
    cluster.core().SetLimits(Limits({.max_server_memory = need, .max_tables_bytes = need}));
    CHECK_OK(Submit(&cluster, "alice", spec));
  }
  SECTION("how often") {
    cluster.core().SetLimits(Limits({.max_submits_per_minute = 2}));
    CHECK_OK(Submit(&cluster, "alice", Spec(1)));
    CHECK_OK(Submit(&cluster, "alice", Spec(1)));
    CHECK_STATUS(Submit(&cluster, "alice", Spec(1)), exhausted,
                 "alice: at most 2 jobs a minute may be submitted (max_submits_per_minute in "
                 "limits.yaml)");
    CHECK_OK(Submit(&cluster, "bob", Spec(1)));
    cluster.Advance(absl::Seconds(31));
    CHECK_OK(Submit(&cluster, "alice", Spec(1)));
  }
  SECTION("a user's own limits count in place of the defaults") {
    LimitTable table = Limits({.max_job_ranks = 1});
    table.users["alice"] = {.max_job_ranks = 3};
    cluster.core().SetLimits(table);
    CHECK_OK(Submit(&cluster, "alice", Spec(3)));
    CHECK_STATUS(Submit(&cluster, "bob", Spec(3)), exhausted, "max_job_ranks of bob is 1");
  }
}

TEST_CASE("who has all his workers in use waits, and holds up nobody else") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  cluster.core().SetLimits(Limits({.max_workers = 2}));
  REQUIRE_OK_AND_ASSIGN(const uint64_t first, Submit(&cluster, "alice", Spec(2)));
  REQUIRE_OK_AND_ASSIGN(const uint64_t second, Submit(&cluster, "alice", Spec(1)));
  REQUIRE_OK_AND_ASSIGN(const uint64_t other, Submit(&cluster, "bob", Spec(2)));
  cluster.Step();
  CHECK(cluster.View(second).reason() ==
        "alice has 2 of 2 workers in use, the job needs 1 (max_workers)");
  CHECK(cluster.StateOf(second) == v1::JOB_STATE_PENDING);
  CHECK(cluster.RunUntil(other, v1::JOB_STATE_RUNNING));
  v1::CancelJobRequest cancel;
  cancel.set_job_id(first);
  REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()));
  CHECK(cluster.RunUntil(second, v1::JOB_STATE_RUNNING));
}

TEST_CASE("who has all his memory in use waits, also where only the data say how much") {
  FakeCluster cluster;
  cluster.records = 40;
  AddSmallCluster(&cluster);
  // Of the table that ranks of the fake cluster find.
  v1::TaskFacts facts;
  v1::JobSpec spec = RecordsSpec(1, 1, v1::POLICY_BSP, 8, 10000);
  REQUIRE(MemoryNeed(spec, facts) == 0);
  REQUIRE_OK_AND_ASSIGN(const uint64_t probe, Submit(&cluster, "bob", spec));
  REQUIRE(cluster.RunUntil(probe, v1::JOB_STATE_RUNNING));
  const uint64_t need = MemoryNeed(spec, cluster.Job(probe).facts());
  REQUIRE(need > 0);
  SECTION("it waits for the owner's other job") {
    cluster.core().SetLimits(Limits({.max_server_memory = need + need / 2}));
    REQUIRE_OK_AND_ASSIGN(const uint64_t first, Submit(&cluster, "alice", spec));
    REQUIRE(cluster.RunUntil(first, v1::JOB_STATE_RUNNING));
    REQUIRE_OK_AND_ASSIGN(const uint64_t second, Submit(&cluster, "alice", spec));
    for (int i = 0; i < 5; ++i) cluster.Step();
    CHECK(cluster.StateOf(second) == v1::JOB_STATE_PLACING);
    CHECK_THAT(cluster.View(second).reason(), Catch::Contains("(max_server_memory)"));
    v1::CancelJobRequest cancel;
    cancel.set_job_id(first);
    REQUIRE_OK(cluster.core().Cancel(cancel, cluster.now()));
    CHECK(cluster.RunUntil(second, v1::JOB_STATE_RUNNING));
  }
  SECTION("what never fits fails once that is known") {
    cluster.core().SetLimits(Limits({.max_tables_bytes = need - 1}));
    REQUIRE_OK_AND_ASSIGN(const uint64_t job, Submit(&cluster, "alice", spec));
    REQUIRE(cluster.RunUntilEnded(job));
    CHECK(cluster.StateOf(job) == v1::JOB_STATE_FAILED);
    CHECK_THAT(cluster.View(job).reason(), Catch::Contains("max_tables_bytes of alice is"));
  }
}

TEST_CASE("jobs without an owner are one user's together") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  cluster.core().SetLimits(Limits({.max_active_jobs = 1}));
  CHECK(cluster.Submit(Spec(1)) != 0);
  v1::SubmitJobRequest request;
  *request.mutable_spec() = Spec(1);
  CHECK_STATUS(cluster.TrySubmit(request), absl::StatusCode::kResourceExhausted,
               "max_active_jobs of jobs without an owner is 1");
}

}  // namespace
}  // namespace paceline::scheduler

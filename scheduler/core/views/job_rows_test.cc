// Rows say what the whole job says, and stay small.
#include "scheduler/core/views/job_rows.h"

#include <catch2/catch.hpp>

#include "scheduler/core/fake_cluster.h"

namespace paceline::scheduler {
namespace {

TEST_CASE("a row repeats the job, while it runs and when it has ended") {
  FakeCluster cluster;
  cluster.records = 200;
  AddSmallCluster(&cluster);
  const uint64_t id = cluster.Submit(RecordsSpec(2, 2, v1::POLICY_SSP, 10, 2));
  const bool ended = GENERATE(false, true);
  REQUIRE((ended ? cluster.RunUntilEnded(id) : cluster.RunUntil(id, v1::JOB_STATE_RUNNING)));
  cluster.Step();

  const v1::Job job = cluster.View(id);
  const JobRows rows = cluster.core().ListJobRows(cluster.now());
  REQUIRE(rows.jobs.size() == 1);
  const v1::Job& row = rows.jobs[0];
  CHECK(row.job_id() == id);
  CHECK(row.state() == job.state());
  CHECK(row.reason() == job.reason());
  CHECK(row.spec().name() == job.spec().name());
  CHECK(row.spec().consistency().policy() == v1::POLICY_SSP);
  CHECK(row.spec().resources().workers() == 2);
  CHECK(row.iterations_done() == job.iterations_done());
  CHECK(row.iterations_total() == job.iterations_total());
  CHECK(row.recent_loss() == job.recent_loss());
  CHECK(row.samples_per_second() == job.samples_per_second());
  CHECK(row.eta_seconds() == job.eta_seconds());
  CHECK(row.submitted_ms() == job.submitted_ms());
  CHECK(row.ended_ms() == job.ended_ms());

  CHECK(row.ranks().empty());
  CHECK(row.events().empty());
  CHECK_FALSE(row.spec().has_data());
  CHECK(row.ByteSizeLong() < 300);
}

TEST_CASE("live jobs come first, the oldest of them and the newest that have ended") {
  FakeCluster cluster;
  // Nothing can start: all wait.
  for (size_t i = 0; i < kMostLiveRows + kMostEndedRows + 12; ++i) {
    REQUIRE(cluster.Submit(CountingSpec(1, 1, v1::POLICY_ASP)) == i + 1);
  }
  constexpr uint64_t kCancelled = kMostEndedRows + 5;
  for (uint64_t id = 1; id <= kCancelled; ++id) {
    v1::CancelJobRequest request;
    request.set_job_id(id);
    request.set_reason("not needed");
    REQUIRE(cluster.core().Cancel(request, cluster.now()).ok());
  }
  cluster.Step();

  const JobRows rows = cluster.core().ListJobRows(cluster.now());
  REQUIRE(rows.jobs.size() == kMostLiveRows + kMostEndedRows);
  CHECK(rows.left_out == 12);
  CHECK(rows.jobs[0].job_id() == kCancelled + 1);
  CHECK(rows.jobs[0].state() == v1::JOB_STATE_PENDING);
  CHECK(rows.jobs[kMostLiveRows].job_id() == kCancelled);
  CHECK(rows.jobs[kMostLiveRows].state() == v1::JOB_STATE_CANCELLED);
  CHECK(rows.jobs[kMostLiveRows].reason() == "not needed");
  CHECK(rows.jobs.back().job_id() == 6);

  // Nobody's jobs are not alice's.
  const JobRows hers = cluster.core().ListJobRows(cluster.now(), {Role::kUser, "alice"});
  CHECK(hers.jobs.empty());
  CHECK(hers.left_out == 0);
}

}  // namespace
}  // namespace paceline::scheduler

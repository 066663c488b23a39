// What is known of a job while it runs, and once it has ended.
#include "scheduler/core/views/measure.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"
#include "scheduler/core/fake_cluster.h"
#include "scheduler/core/observed/growth.h"
#include "scheduler/core/observed/history.h"
#include "scheduler/core/state/cluster_state.h"
#include "scheduler/core/state/job_machine.h"

namespace paceline::scheduler {
namespace {

// Every task reports that its steps take this long, and half of it is waiting.
void SetSteps(FakeCluster* cluster, double seconds) {
  for (auto& [address, node] : cluster->nodes()) {
    for (auto& [key, task] : node.tasks) {
      v1::TaskProgress* progress = task.report.mutable_progress();
      progress->set_recent_step_seconds(seconds);
      progress->set_recent_wait_seconds(seconds / 2);
      progress->set_recent_loss(0.5);
      progress->set_loss_count(1);
      v1::Histogram* steps = progress->mutable_step_seconds();
      steps->Clear();
      steps->add_bounds(1);
      steps->add_counts(progress->iteration());
      steps->add_counts(0);
      steps->set_sum(seconds * static_cast<double>(progress->iteration()));
    }
    for (v1::TaskReport& task : *node.report.mutable_tasks()) {
      task.set_cpu_user_seconds(task.cpu_user_seconds() + 1);
      task.set_resident_bytes(1000);
    }
  }
}

TEST_CASE("a job has curves while it runs, and keeps them when it has ended") {
  FakeCluster cluster;
  cluster.records = 1000;
  AddSmallCluster(&cluster);
  const uint64_t job = cluster.Submit(RecordsSpec(2, 1, v1::POLICY_ASP, 10, 1));
  REQUIRE(cluster.RunUntil(job, v1::JOB_STATE_RUNNING));
  CHECK(cluster.View(job).history().empty());
  for (int i = 0; i < 10; ++i) {
    SetSteps(&cluster, 0.25);
    cluster.Step();
  }
  const v1::Job running = cluster.View(job);
  REQUIRE(running.history_size() >= 8);
  const v1::HistoryPoint& point = *running.history().rbegin();
  CHECK(point.iteration() == running.iterations_done());
  CHECK(point.samples_per_second() == 20);
  CHECK(point.loss() == 0.5);
  CHECK(point.step_seconds() == 0.25);
  CHECK(point.wait_seconds() == 0.125);
  CHECK(point.time_ms() > running.history(0).time_ms());
  CHECK(running.ranks(0).step_seconds() == 0.25);
  CHECK(running.ranks(0).straggler_score() == 1);
  CHECK(running.ranks(0).resident_bytes() == 1000);
  CHECK(running.cpu_user_seconds() > 10);
  v1::ListJobsResponse list = cluster.core().ListJobs(v1::ListJobsRequest(), cluster.now());
  CHECK(list.jobs(0).history().empty());
  CHECK(list.jobs(0).has_step_seconds());

  for (int i = 0; !HasEnded(cluster.StateOf(job)) && i < 500; ++i) {
    SetSteps(&cluster, 0.25);
    cluster.Step();
  }
  REQUIRE(cluster.StateOf(job) == v1::JOB_STATE_SUCCEEDED);
  REQUIRE_OK(cluster.RestartScheduler());
  const v1::Job ended = cluster.View(job);
  CHECK(ended.history_size() > running.history_size());
  CHECK(ended.history().rbegin()->iteration() == ended.iterations_done());
  CHECK(ended.history().rbegin()->samples_per_second() > 0);
  CHECK(CountOf(ended.step_seconds()) > 20);
  CHECK(ended.cpu_user_seconds() > running.cpu_user_seconds());
  CHECK(cluster.core().seen().curves().Of(job).history().empty());
}

TEST_CASE("a job that is too short for a curve has its last point") {
  FakeCluster cluster;
  AddSmallCluster(&cluster);
  v1::Job last;
  last.set_job_id(3);
  last.set_iterations_done(4);
  last.set_recent_loss(0.25);
  last.mutable_summary()->set_samples(30);
  last.mutable_summary()->set_wall_seconds(2);
  const View view = {cluster.core().state(), cluster.core().seen(), cluster.core().options(),
                     cluster.now()};
  const v1::JobCurves curves = LastCurves(view, last);
  REQUIRE(curves.history_size() == 1);
  CHECK(curves.history(0).iteration() == 4);
  CHECK(curves.history(0).loss() == 0.25);
  CHECK(curves.history(0).samples_per_second() == 15);
  last.set_iterations_done(0);
  CHECK(LastCurves(view, last).history().empty());
}

TEST_CASE("what nodes say of jobs that have ended is not kept") {
  FakeCluster cluster;
  v1::HeartbeatRequest report;
  report.add_tasks()->set_job_id(5);
  report.mutable_tasks(0)->set_cpu_user_seconds(9);
  report.add_jobs()->set_job_id(5);
  (*report.mutable_jobs(0)->mutable_refused_by_kind())["limit"] = 3;
  Curves curves;
  MeasureNode(cluster.core().state(), v1::NodeRecord(), report, &curves);
  CHECK(curves.Of(5).cpu_user_seconds() == 0);
  CHECK(curves.Of(5).pushes_refused().empty());
}

TEST_CASE("the curves of jobs that ended long ago are thinned, after a restart too") {
  ClusterState state;
  v1::Update update;
  update.mutable_cluster_created()->set_cluster_id("c");
  REQUIRE_OK(state.Apply(update));
  constexpr uint64_t kJobs = 230;
  for (uint64_t id = 1; id <= kJobs; ++id) {
    if (id == kJobs / 2) {
      REQUIRE_OK_AND_ASSIGN(state, ClusterState::FromSnapshot(state.Snapshot()));
    }
    v1::Update submitted;
    submitted.mutable_job_submitted()->set_job_id(id);
    *submitted.mutable_job_submitted()->mutable_spec() = CountingSpec(1, 1, v1::POLICY_BSP);
    REQUIRE_OK(state.Apply(submitted));
    v1::Update ended;
    ended.set_time_ms(static_cast<int64_t>(id));
    ended.mutable_job_ended()->set_job_id(id);
    ended.mutable_job_ended()->set_state(v1::JOB_STATE_CANCELLED);
    for (int i = 0; i < kMaxHistoryPoints; ++i) {
      ended.mutable_job_ended()->mutable_curves()->add_history()->set_iteration(i);
    }
    REQUIRE_OK(state.Apply(ended));
  }
  for (const auto& [id, job] : state.jobs()) {
    CHECK(job.curves().history_size() == (id <= kJobs - 200 ? 64 : kMaxHistoryPoints));
  }
}

}  // namespace
}  // namespace paceline::scheduler

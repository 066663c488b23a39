#include "scheduler/core/observed/curves.h"

#include <catch2/catch.hpp>
#include <vector>

#include "scheduler/core/observed/history.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kJob = 7;

v1::Histogram Make(const std::vector<uint64_t>& counts, double sum) {
  v1::Histogram histogram;
  histogram.add_bounds(1);
  histogram.mutable_counts()->Assign(counts.begin(), counts.end());
  histogram.set_sum(sum);
  return histogram;
}

std::vector<uint64_t> Counts(const v1::Histogram& histogram) {
  return {histogram.counts().begin(), histogram.counts().end()};
}

v1::ServerJobReport Server(uint64_t timeline, const std::vector<uint64_t>& counts, double sum,
                           uint64_t refused) {
  v1::ServerJobReport report;
  report.set_job_id(kJob);
  report.set_timeline(timeline);
  *report.mutable_staleness() = Make(counts, sum);
  (*report.mutable_refused_by_kind())["stale_epoch"] = refused;
  return report;
}

v1::SyncTaskRequest Task(uint64_t incarnation, const std::vector<uint64_t>& counts, double sum) {
  v1::SyncTaskRequest report;
  report.set_job_id(kJob);
  report.set_incarnation(incarnation);
  *report.mutable_progress()->mutable_step_seconds() = Make(counts, sum);
  *report.mutable_progress()->mutable_wait_seconds() = Make(counts, sum / 2);
  return report;
}

v1::TaskReport Process(uint64_t incarnation, double user, double system) {
  v1::TaskReport report;
  report.set_job_id(kJob);
  report.set_incarnation(incarnation);
  report.set_cpu_user_seconds(user);
  report.set_cpu_system_seconds(system);
  return report;
}

TEST_CASE("servers, restarted ones and other timelines: what they count is added up") {
  Curves curves;
  CHECK(curves.Of(kJob).history().empty());
  curves.OnServer(1, 1, Server(1, {1, 0}, 1, 2));
  curves.OnServer(1, 1, Server(1, {3, 1}, 5, 2));
  curves.OnServer(2, 1, Server(1, {10, 0}, 10, 1));
  CHECK(Counts(curves.Of(kJob).staleness()) == std::vector<uint64_t>{13, 1});
  CHECK(curves.Of(kJob).pushes_refused().at("stale_epoch") == 3);
  // More than before, and yet from zero.
  curves.OnServer(1, 2, Server(1, {4, 2}, 6, 3));
  CHECK(Counts(curves.Of(kJob).staleness()) == std::vector<uint64_t>{17, 3});
  curves.OnServer(1, 2, Server(2, {5, 2}, 7, 3));
  CHECK(Counts(curves.Of(kJob).staleness()) == std::vector<uint64_t>{22, 5});
  CHECK(curves.Of(kJob).staleness().sum() == 28);
  CHECK(curves.Of(kJob).pushes_refused().at("stale_epoch") == 9);
}

TEST_CASE("tasks that follow one another: iterations and processor time are added up") {
  Curves curves;
  curves.OnTask(Task(1, {2, 0}, 1));
  curves.OnTask(Task(1, {5, 0}, 2));
  curves.OnTask(Task(2, {6, 1}, 4));
  CHECK(Counts(curves.Of(kJob).step_seconds()) == std::vector<uint64_t>{11, 1});
  CHECK(curves.Of(kJob).step_seconds().sum() == 6);
  CHECK(curves.Of(kJob).wait_seconds().sum() == 3);

  curves.OnProcess(Process(1, 1, 0.25));
  curves.OnProcess(Process(1, 2, 0.5));
  curves.OnProcess(Process(2, 3, 1));
  // The old one, from the node that ran it.
  curves.OnProcess(Process(1, 2, 0.5));
  curves.OnProcess(Process(2, 4, 1));
  CHECK(curves.Of(kJob).cpu_user_seconds() == 6);
  CHECK(curves.Of(kJob).cpu_system_seconds() == 1.5);
  curves.ForgetJob(kJob);
  CHECK(curves.Of(kJob).cpu_user_seconds() == 0);
}

TEST_CASE("points come every interval, then ever more rarely, and are bounded") {
  Curves curves;
  const absl::Duration interval = absl::Milliseconds(100);
  int points = 0;
  int late_points = 0;
  for (int ms = 0; ms < 400'000; ms += 50) {
    const absl::Duration now = absl::Milliseconds(ms);
    if (!curves.IsDue(kJob, interval, now)) continue;
    v1::HistoryPoint point;
    point.set_time_ms(ms);
    curves.AddPoint(kJob, point, now);
    ++points;
    if (ms >= 399'000) ++late_points;
    REQUIRE(curves.Of(kJob).history_size() <= kMaxHistoryPoints);
  }
  CHECK(points > kMaxHistoryPoints);
  CHECK(late_points <= 2);
  const auto& history = curves.Of(kJob).history();
  CHECK(history.size() > kMaxHistoryPoints / 2);
  // What is left lies evenly, but for where it was thinned.
  for (int i = 1; i < history.size(); ++i) {
    const int64_t gap = history[i].time_ms() - history[i - 1].time_ms();
    CHECK((gap >= 400 && gap <= 800));
  }
}

TEST_CASE("a point has the staleness of what was pushed since the one before") {
  Curves curves;
  curves.OnServer(1, 1, Server(1, {2, 0}, 1, 0));
  curves.AddPoint(kJob, {}, absl::Seconds(1));
  curves.OnServer(1, 1, Server(1, {2, 4}, 13, 0));
  curves.AddPoint(kJob, {}, absl::Seconds(2));
  curves.AddPoint(kJob, {}, absl::Seconds(3));
  REQUIRE(curves.Of(kJob).history_size() == 3);
  CHECK(curves.Of(kJob).history(0).staleness_mean() == 0.5);
  CHECK(curves.Of(kJob).history(1).staleness_mean() == 3);
  CHECK(curves.Of(kJob).history(2).staleness_mean() == 3);
}

v1::Update StateChanged(v1::JobState state) {
  v1::Update update;
  update.mutable_job_state_changed()->set_job_id(kJob);
  update.mutable_job_state_changed()->set_state(state);
  return update;
}

TEST_CASE("cuts and recoveries are timed from beginning to end") {
  Curves curves;
  v1::Update ordered;
  ordered.mutable_cut_ordered()->set_job_id(kJob);
  v1::Update committed;
  committed.mutable_cut_committed()->set_job_id(kJob);
  v1::Update abandoned;
  abandoned.mutable_cut_abandoned()->set_job_id(kJob);
  curves.OnUpdate(committed, absl::Seconds(1));
  CHECK(curves.Of(kJob).cut_seconds() == 0);
  curves.OnUpdate(ordered, absl::Seconds(2));
  curves.OnUpdate(committed, absl::Seconds(5));
  CHECK(curves.Of(kJob).cut_seconds() == 3);
  curves.OnUpdate(ordered, absl::Seconds(6));
  curves.OnUpdate(abandoned, absl::Seconds(9));
  CHECK(curves.Of(kJob).cut_seconds() == 3);
  CHECK(curves.Of(kJob).cuts_failed() == 1);
  abandoned.mutable_cut_abandoned()->set_missed(true);
  curves.OnUpdate(abandoned, absl::Seconds(9));
  CHECK(curves.Of(kJob).cuts_failed() == 1);

  curves.OnUpdate(StateChanged(v1::JOB_STATE_RUNNING), absl::Seconds(10));
  CHECK(curves.Of(kJob).recovery_seconds() == 0);
  curves.OnUpdate(StateChanged(v1::JOB_STATE_RECOVERING), absl::Seconds(20));
  curves.OnUpdate(StateChanged(v1::JOB_STATE_RECOVERING), absl::Seconds(21));
  curves.OnUpdate(StateChanged(v1::JOB_STATE_RUNNING), absl::Seconds(24));
  CHECK(curves.Of(kJob).recovery_seconds() == 4);
}

}  // namespace
}  // namespace paceline::scheduler

#include "scheduler/core/observed/curves.h"

#include <utility>

#include "scheduler/core/observed/history.h"

namespace paceline::scheduler {
namespace {

// What a process has counted counts from zero if it is not the one of the last report.
template <typename Counts>
Counts& CountsOf(uint64_t incarnation, Counts* counts) {
  if (counts->incarnation != incarnation) {
    *counts = Counts();
    counts->incarnation = incarnation;
  }
  return *counts;
}

}  // namespace

void Curves::OnServer(uint64_t node_id, uint64_t node_incarnation,
                      const v1::ServerJobReport& report) {
  JobCounts& job = jobs_[report.job_id()];
  ServerCounts& last = CountsOf(node_incarnation, &job.servers[node_id]);
  // Shards that are opened on another timeline are new ones.
  if (last.timeline != report.timeline()) {
    last = {.incarnation = node_incarnation, .timeline = report.timeline()};
  }
  AddGrowth(last.staleness, report.staleness(), job.total.mutable_staleness());
  AddGrowth(last.refused, report.refused_by_kind(), job.total.mutable_pushes_refused());
  last.staleness = report.staleness();
  last.refused = report.refused_by_kind();
}

void Curves::OnTask(const v1::SyncTaskRequest& report) {
  JobCounts& job = jobs_[report.job_id()];
  TaskCounts& last = CountsOf(report.incarnation(), &job.tasks[report.rank()]);
  const v1::TaskProgress& progress = report.progress();
  AddGrowth(last.step_seconds, progress.step_seconds(), job.total.mutable_step_seconds());
  AddGrowth(last.wait_seconds, progress.wait_seconds(), job.total.mutable_wait_seconds());
  last.step_seconds = progress.step_seconds();
  last.wait_seconds = progress.wait_seconds();
}

void Curves::OnProcess(const v1::TaskReport& report) {
  JobCounts& job = jobs_[report.job_id()];
  ProcessCounts& counts = job.processes[report.rank()];
  // An older one may still be reported by the worker that ran it.
  if (report.incarnation() < counts.incarnation) return;
  ProcessCounts& last = CountsOf(report.incarnation(), &counts);
  job.total.set_cpu_user_seconds(job.total.cpu_user_seconds() +
                                 Growth(last.cpu_user_seconds, report.cpu_user_seconds()));
  job.total.set_cpu_system_seconds(job.total.cpu_system_seconds() +
                                   Growth(last.cpu_system_seconds, report.cpu_system_seconds()));
  last.cpu_user_seconds = report.cpu_user_seconds();
  last.cpu_system_seconds = report.cpu_system_seconds();
}

void Curves::OnUpdate(const v1::Update& update, absl::Duration now) {
  if (update.has_cut_ordered()) {
    jobs_[update.cut_ordered().job_id()].cut_since = now;
  } else if (update.has_cut_committed()) {
    JobCounts& job = jobs_[update.cut_committed().job_id()];
    if (job.cut_since.has_value()) {
      job.total.set_cut_seconds(absl::ToDoubleSeconds(now - *job.cut_since));
    }
    job.cut_since.reset();
  } else if (update.has_cut_abandoned() && !update.cut_abandoned().missed()) {
    v1::JobCurves& total = jobs_[update.cut_abandoned().job_id()].total;
    total.set_cuts_failed(total.cuts_failed() + 1);
  } else if (update.has_job_state_changed()) {
    JobCounts& job = jobs_[update.job_state_changed().job_id()];
    if (update.job_state_changed().state() == v1::JOB_STATE_RECOVERING) {
      if (!job.recovers_since.has_value()) job.recovers_since = now;
    } else if (job.recovers_since.has_value()) {
      job.total.set_recovery_seconds(absl::ToDoubleSeconds(now - *job.recovers_since));
      job.recovers_since.reset();
    }
  }
}

bool Curves::IsDue(uint64_t job_id, absl::Duration interval, absl::Duration now) const {
  const auto it = jobs_.find(job_id);
  if (it == jobs_.end() || !it->second.last_point.has_value()) return true;
  return now - *it->second.last_point >= interval * it->second.stretch;
}

void Curves::AddPoint(uint64_t job_id, v1::HistoryPoint point, absl::Duration now) {
  JobCounts& job = jobs_[job_id];
  History& history = *job.total.mutable_history();
  const uint64_t count = CountOf(job.total.staleness());
  if (count > job.staleness_count) {
    point.set_staleness_mean((job.total.staleness().sum() - job.staleness_sum) /
                             static_cast<double>(count - job.staleness_count));
  } else if (!history.empty()) {
    point.set_staleness_mean(history.rbegin()->staleness_mean());
  }
  job.staleness_count = count;
  job.staleness_sum = job.total.staleness().sum();
  job.last_point = now;
  if (AppendPoint(std::move(point), &history)) job.stretch *= 2;
}

const v1::JobCurves& Curves::Of(uint64_t job_id) const {
  const auto it = jobs_.find(job_id);
  return it == jobs_.end() ? v1::JobCurves::default_instance() : it->second.total;
}

}  // namespace paceline::scheduler

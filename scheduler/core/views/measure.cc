#include "scheduler/core/views/measure.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "scheduler/core/observed/history.h"
#include "scheduler/core/ranks/progress.h"
#include "scheduler/core/views/summary.h"

namespace paceline::scheduler {
namespace {

// Between the first points of a job.
constexpr absl::Duration kMaxInterval = absl::Seconds(1);

double MeanOf(const v1::Histogram& histogram) {
  const uint64_t count = CountOf(histogram);
  return count == 0 ? 0 : histogram.sum() / static_cast<double>(count);
}

v1::HistoryPoint PointOf(const View& view, const v1::JobRecord& job) {
  v1::HistoryPoint point;
  point.set_time_ms(view.now.wall_ms);
  point.set_loss(RecentLoss(view, job));
  const std::vector<RankProgress> ranks = ProgressOf(view, job);
  if (!ranks.empty()) {
    point.set_iteration(std::min_element(ranks.begin(), ranks.end(),
                                         [](const RankProgress& a, const RankProgress& b) {
                                           return a.iterations < b.iterations;
                                         })
                            ->iterations);
  }
  double timed = 0;
  for (uint32_t rank = 0; rank < ranks.size(); ++rank) {
    const TaskObservation* task =
        view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation());
    if (task == nullptr) continue;
    const v1::TaskProgress& progress = task->report.progress();
    if (!ranks[rank].finished) {
      point.set_samples_per_second(point.samples_per_second() + progress.samples_per_second());
    }
    if (progress.recent_step_seconds() <= 0) continue;
    timed += 1;
    point.set_step_seconds(point.step_seconds() + progress.recent_step_seconds());
    point.set_wait_seconds(point.wait_seconds() + progress.recent_wait_seconds());
  }
  if (timed > 0) {
    point.set_step_seconds(point.step_seconds() / timed);
    point.set_wait_seconds(point.wait_seconds() / timed);
  }
  return point;
}

// What a job that was too short for a point did on the whole.
v1::HistoryPoint MeanPoint(const v1::Job& job, const v1::JobCurves& curves) {
  v1::HistoryPoint point;
  if (job.summary().wall_seconds() > 0) {
    point.set_samples_per_second(job.summary().samples() / job.summary().wall_seconds());
  }
  point.set_staleness_mean(MeanOf(curves.staleness()));
  point.set_step_seconds(MeanOf(curves.step_seconds()));
  point.set_wait_seconds(MeanOf(curves.wait_seconds()));
  return point;
}

}  // namespace

void MeasureNode(const ClusterState& state, const v1::NodeRecord& node,
                 const v1::HeartbeatRequest& report, Curves* curves) {
  for (const v1::ServerJobReport& job : report.jobs()) {
    if (!state.active_jobs().contains(job.job_id())) continue;
    curves->OnServer(node.node_id(), node.incarnation(), job);
  }
  for (const v1::TaskReport& task : report.tasks()) {
    if (state.active_jobs().contains(task.job_id())) curves->OnProcess(task);
  }
}

void MeasureJobs(const View& view, Curves* curves) {
  const absl::Duration interval = std::min(view.options.heartbeat, kMaxInterval);
  for (const uint64_t job_id : view.state.active_jobs()) {
    const v1::JobRecord& job = *view.state.FindJob(job_id);
    if (job.state() != v1::JOB_STATE_RUNNING) continue;
    if (!curves->IsDue(job_id, interval, view.now.monotonic)) continue;
    v1::HistoryPoint point = PointOf(view, job);
    // A curve begins when there is something to see.
    if (point.iteration() == 0 && point.samples_per_second() == 0) continue;
    curves->AddPoint(job_id, std::move(point), view.now.monotonic);
  }
}

v1::JobCurves LastCurves(const View& view, const v1::Job& last) {
  v1::JobCurves curves = view.seen.curves().Of(last.job_id());
  if (last.iterations_done() == 0) return curves;
  v1::HistoryPoint point =
      curves.history().empty() ? MeanPoint(last, curves) : *curves.history().rbegin();
  point.set_time_ms(view.now.wall_ms);
  point.set_iteration(last.iterations_done());
  point.set_loss(last.recent_loss());
  AppendPoint(std::move(point), curves.mutable_history());
  return curves;
}

}  // namespace paceline::scheduler

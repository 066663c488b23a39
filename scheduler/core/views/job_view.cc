#include "scheduler/core/views/job_view.h"

#include <algorithm>
#include <vector>

#include "scheduler/core/observed/straggler.h"
#include "scheduler/core/ranks/progress.h"
#include "scheduler/core/state/first_failure.h"
#include "scheduler/core/stored_cuts/best_cut.h"
#include "scheduler/core/views/finished.h"
#include "scheduler/core/views/summary.h"
#include "scheduler/core/views/wait_reason.h"

namespace paceline::scheduler {
namespace {

void AddRanks(const View& view, const v1::JobRecord& job, const std::vector<RankProgress>& progress,
              v1::Job* out) {
  for (uint32_t rank = 0; rank < progress.size(); ++rank) {
    const v1::RankRecord& record = job.ranks(rank);
    v1::RankStatus* status = out->add_ranks();
    status->set_rank(rank);
    status->set_incarnation(record.incarnation());
    status->set_node_id(record.node_id());
    if (const v1::NodeRecord* node = view.state.FindNode(record.node_id()); node != nullptr) {
      status->set_worker_address(node->address());
      status->set_hostname(node->hostname());
    }
    const v1::TaskReport* process = view.seen.FindTaskReport(
        record.node_id(), record.node_incarnation(), job.job_id(), rank, record.incarnation());
    if (process != nullptr) {
      status->set_pid(process->pid());
      status->set_cpu_user_seconds(process->cpu_user_seconds());
      status->set_cpu_system_seconds(process->cpu_system_seconds());
      status->set_resident_bytes(process->resident_bytes());
    }
    if (record.has_gpu()) status->set_gpu(record.gpu());
    status->set_iteration(progress[rank].iterations);
    status->set_finished(progress[rank].finished);
    status->set_samples(SamplesOf(view, job, rank, progress[rank].iterations));
    const TaskObservation* task = view.seen.FindTask(job.job_id(), rank, record.incarnation());
    if (task != nullptr) {
      status->set_samples_per_second(task->report.progress().samples_per_second());
      status->set_wait_reason(task->report.progress().wait_reason());
      status->set_step_seconds(task->report.progress().recent_step_seconds());
      status->set_wait_seconds(task->report.progress().recent_wait_seconds());
      status->set_calls(static_cast<double>(task->report.progress().calls()));
      status->set_calls_repeated(static_cast<double>(task->report.progress().calls_repeated()));
    }
    if (record.has_last_exit()) *status->mutable_last_exit() = record.last_exit();
  }
  ScoreStragglers(out->mutable_ranks());
}

void AddCurves(const v1::JobCurves& curves, v1::Job* out) {
  *out->mutable_history() = curves.history();
  if (curves.has_staleness()) *out->mutable_staleness() = curves.staleness();
  if (curves.has_step_seconds()) *out->mutable_step_seconds() = curves.step_seconds();
  if (curves.has_wait_seconds()) *out->mutable_wait_seconds() = curves.wait_seconds();
  out->set_cpu_user_seconds(curves.cpu_user_seconds());
  out->set_cpu_system_seconds(curves.cpu_system_seconds());
  out->set_cut_seconds(curves.cut_seconds());
  out->set_recovery_seconds(curves.recovery_seconds());
  out->set_cuts_failed(curves.cuts_failed());
  *out->mutable_pushes_refused() = curves.pushes_refused();
}

void AddEvals(const View& view, const v1::JobRecord& job, v1::Job* out) {
  if (job.ranks().empty()) return;
  const TaskObservation* task = view.seen.FindTask(job.job_id(), 0, job.ranks(0).incarnation());
  if (task != nullptr) *out->mutable_evals() = task->report.evals();
}

// Of the slowest rank, and in all.
void AddIterations(const v1::JobRecord& job, v1::Job* out) {
  out->set_iterations_total(ExpectedIterations(job));
  if (out->ranks().empty()) return;
  uint64_t slowest = out->ranks(0).iteration();
  for (const v1::RankStatus& rank : out->ranks()) slowest = std::min(slowest, rank.iteration());
  out->set_iterations_done(slowest);
}

// Rate and time to the end.
void AddPace(const v1::JobRecord& job, v1::Job* out) {
  if (out->ranks().empty()) return;
  const uint64_t slowest = out->iterations_done();
  double rate = 0;
  for (const v1::RankStatus& rank : out->ranks()) {
    if (!rank.finished()) rate += rank.samples_per_second();
  }
  out->set_samples_per_second(rate);
  const auto all = static_cast<double>(ExpectedSamples(job));
  const v1::RunSummary& summary = out->summary();
  if (all > 0 && rate > 0) {
    out->set_eta_seconds(std::max(all - summary.samples(), 0.0) / rate);
  } else if (all == 0 && slowest > 0 && out->iterations_total() > slowest) {
    out->set_eta_seconds(summary.wall_seconds() / static_cast<double>(slowest) *
                         static_cast<double>(out->iterations_total() - slowest));
  }
}

}  // namespace

v1::Job BuildJob(const View& view, const v1::JobRecord& job) {
  v1::Job out;
  out.set_job_id(job.job_id());
  out.set_owner(job.owner());
  *out.mutable_spec() = job.spec();
  out.set_state(job.state());
  out.set_reason(ReasonNow(view, job));
  *out.mutable_placement() = job.placement();
  *out.mutable_events() = job.events();
  out.set_submitted_ms(job.submitted_ms());
  out.set_ended_ms(job.ended_ms());
  out.set_checkpoint_dir(job.checkpoint_dir());
  out.set_last_cut(job.committed_cut_id());
  const uint64_t best_cut = BestCut(job);
  for (const v1::CutRecord& cut : job.cuts()) {
    v1::CutStatus* status = out.add_cuts();
    status->set_cut_id(cut.cut_id());
    status->set_timeline(cut.timeline());
    status->set_iteration(cut.iteration());
    status->set_bytes(cut.bytes());
    status->set_committed_ms(cut.committed_ms());
    status->set_best(cut.cut_id() == best_cut);
  }
  if (!job.cut().abandoned().empty() && job.cuts_missed() == 0) {
    out.set_cut_alarm(job.cut().abandoned());
    out.set_failed_cut(job.cut().cut_id());
  }
  if (job.has_summary()) {
    *out.mutable_summary() = job.summary();
    *out.mutable_ranks() = job.final_ranks();
    *out.mutable_evals() = job.evals();
    AddCurves(job.curves(), &out);
    if (job.has_first_failure()) *out.mutable_first_failure() = job.first_failure();
    AddIterations(job, &out);
  } else {
    const std::vector<RankProgress> progress = ProgressOf(view, job);
    *out.mutable_summary() = BuildSummary(view, job, progress);
    AddRanks(view, job, progress, &out);
    AddEvals(view, job, &out);
    AddCurves(view.seen.curves().Of(job.job_id()), &out);
    if (job.has_finished()) KeepFinished(job.finished(), &out);
    if (const v1::FirstFailure* failure = FindFirstFailure(job, out.ranks()); failure != nullptr) {
      *out.mutable_first_failure() = *failure;
    }
    AddIterations(job, &out);
    AddPace(job, &out);
  }
  out.set_recent_loss(out.summary().train_loss());
  return out;
}

}  // namespace paceline::scheduler

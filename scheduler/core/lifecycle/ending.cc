#include "scheduler/core/lifecycle/ending.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/core/lifecycle/cut_flight.h"
#include "scheduler/core/lifecycle/end_job.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/ranks/progress.h"
#include "scheduler/core/ranks/waiting.h"
#include "scheduler/core/views/job_view.h"

namespace paceline::scheduler {
namespace {

void PlanHash(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (view.seen.cut_work(job.job_id())) return;
  Command& command = out->commands.emplace_back();
  command.kind = Command::Kind::kHashCut;
  command.job_id = job.job_id();
  command.cut_id = job.cut().cut_id();
  command.dir = job.cut().dir();
  command.manifest_xxh3 = job.cut().manifest_xxh3();
  for (const v1::ShardServer& holder : job.cut().holders()) {
    *command.holders.Add() = holder.address();
  }
}

// A server that will not be heard any more.
bool AnyServerGone(const View& view, const v1::JobRecord& job) {
  return std::any_of(job.map().servers().begin(), job.map().servers().end(),
                     [&](const v1::ShardServer& server) {
                       return !NodeGone(view, server.node_id(), server.incarnation()).empty();
                     });
}

// True if the final evaluation is in the state, or none is asked for.
bool EvalIsThere(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (!NeedsFinalEval(job) || job.has_final_eval()) return true;
  const TaskObservation* task = view.seen.FindTask(job.job_id(), 0, job.ranks(0).incarnation());
  if (task == nullptr || !task->report.final_eval_done() ||
      task->report.timeline() != job.map().timeline()) {
    return false;
  }
  v1::FinalEvalDone* done = out->Add(view.now).mutable_final_eval_done();
  done->set_job_id(job.job_id());
  done->mutable_eval();
  if (!task->report.evals().empty()) *done->mutable_eval() = *task->report.evals().rbegin();
  return false;
}

// What is seen of the job now.
v1::JobFigures FiguresOf(v1::Job job) {
  v1::JobFigures figures;
  figures.mutable_summary()->Swap(job.mutable_summary());
  figures.mutable_evals()->Swap(job.mutable_evals());
  figures.mutable_ranks()->Swap(job.mutable_ranks());
  return figures;
}

}  // namespace

void PlanFinish(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.state() != v1::JOB_STATE_RUNNING) return;
  // Most of the time a look at the first rank is enough.
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const TaskObservation* task =
        view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation());
    if (task != nullptr && !task->report.progress().finished()) return;
  }
  const std::vector<RankProgress> ranks = ProgressOf(view, job);
  if (!std::all_of(ranks.begin(), ranks.end(), [](const auto& rank) { return rank.finished; })) {
    return;
  }
  v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
  changed->set_job_id(job.job_id());
  changed->set_state(v1::JOB_STATE_CHECKPOINTING);
  *changed->mutable_finished() = FiguresOf(BuildJob(view, job));
  OrderCut(view, job, /*round=*/0, /*drain=*/false, out);
}

void PlanFinalCut(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (job.state() != v1::JOB_STATE_CHECKPOINTING) return;
  const bool evaluated = EvalIsThere(view, job, out);
  if (CutInFlight(job)) {
    PlanCutFlight(view, job, out);
  } else if (!job.cut().committed()) {
    // A full disk may have room again; the ranks have done their part.
    if (view.seen.SinceCut(job.job_id(), view.now.monotonic) >= view.options.cut_retry) {
      OrderCut(view, job, /*round=*/0, /*drain=*/false, out);
    }
  } else if (job.cut().parameters_sha256().empty()) {
    PlanHash(view, job, out);
  } else if (evaluated && (AllHeard(view, job) || AnyServerGone(view, job))) {
    EndJob(view, job, JobTrigger::kComplete, job.stop_reason(), out);
  }
}

}  // namespace paceline::scheduler

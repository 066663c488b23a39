#include "scheduler/core/lifecycle/evaluations.h"

#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "scheduler/core/lifecycle/early_stopping.h"
#include "scheduler/core/ranks/progress.h"
#include "scheduler/core/stored_cuts/best_cut.h"

namespace paceline::scheduler {
namespace {

bool Counts(const v1::JobRecord& job, const v1::SyncTaskRequest& report) {
  return job.spec().has_evaluation() && report.rank() == 0 &&
         report.timeline() == job.map().timeline() &&
         (job.state() == v1::JOB_STATE_RUNNING || job.state() == v1::JOB_STATE_CHECKPOINTING);
}

}  // namespace

void PlanEvaluations(const View& view, const v1::JobRecord& job, const v1::SyncTaskRequest& report,
                     Decisions* out) {
  if (!Counts(job, report)) return;
  EarlyStopping evaluations(job);
  // Where none is owed, no point comes after it.
  uint64_t owed = std::numeric_limits<uint64_t>::max();
  if (job.state() == v1::JOB_STATE_RUNNING) owed = OwedEvaluation(job).value_or(owed);
  for (const v1::EvalPoint& point : report.evals()) {
    if (point.iteration() <= evaluations.last()) continue;
    if (evaluations.last() == job.last_eval_iteration() && point.iteration() > owed) {
      v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
      changed->set_job_id(job.job_id());
      changed->set_state(v1::JOB_STATE_RECOVERING);
      changed->set_reason(
          absl::StrCat("the evaluation before iteration ", owed, " was lost with its task"));
      return;
    }
    v1::EvaluationDone* done = out->Add(view.now).mutable_evaluation_done();
    done->set_job_id(job.job_id());
    *done->mutable_point() = point;
    done->set_best(evaluations.Take(point));
    const std::optional<uint64_t> end = evaluations.End();
    if (!end.has_value() || job.last_iteration() != 0 || job.state() != v1::JOB_STATE_RUNNING) {
      continue;
    }
    // It ends there, or before, in any case.
    const uint64_t total = ExpectedIterations(job);
    if (total > 0 && *end >= total) continue;
    v1::TrainingStopped* stopped = out->Add(view.now).mutable_training_stopped();
    stopped->set_job_id(job.job_id());
    stopped->set_iteration(*end);
    stopped->set_reason(evaluations.Reason());
    return;
  }
}

uint32_t EvaluationsTaken(const View& view, const v1::JobRecord& job, uint32_t rank) {
  const TaskObservation* task =
      view.seen.FindTask(job.job_id(), rank, job.ranks(static_cast<int>(rank)).incarnation());
  if (task == nullptr || !Counts(job, task->report)) return 0;
  return static_cast<uint32_t>(task->report.evals_size());
}

bool EndIsKnown(const View& view, const v1::JobRecord& job) {
  if (job.last_iteration() == 0) return false;
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const TaskObservation* task =
        view.seen.FindTask(job.job_id(), rank, job.ranks(rank).incarnation());
    if (task == nullptr || task->report.last_iteration() != job.last_iteration()) return false;
  }
  return true;
}

}  // namespace paceline::scheduler

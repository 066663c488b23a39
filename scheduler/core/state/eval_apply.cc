#include "scheduler/core/state/eval_apply.h"

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "scheduler/core/state/job_event.h"

namespace paceline::scheduler {
namespace {

absl::Status Apply(const v1::EvaluationDone& update, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "its evaluations are what they are"));
  const uint64_t iteration = update.point().iteration();
  if (iteration <= job->last_eval_iteration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("job ", job->job_id(), ": an evaluation behind iteration ",
                     job->last_eval_iteration(), " required, got ", iteration));
  }
  job->set_last_eval_iteration(iteration);
  if (update.best()) {
    *job->mutable_best_eval() = update.point();
    job->set_evals_since_best(0);
  } else {
    job->set_evals_since_best(job->evals_since_best() + 1);
  }
  return absl::OkStatus();
}

absl::Status Apply(const v1::TrainingStopped& update, int64_t time_ms, v1::JobRecord* job) {
  PL_RETURN_IF_ERROR(CheckLive(*job, "its training is over"));
  if (job->last_iteration() != 0) {
    return JobError(
        *job, absl::StrCat("training ends after iteration ", job->last_iteration(), " already"));
  }
  if (update.iteration() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("job ", job->job_id(), ": the iteration where training ends expected, got 0"));
  }
  job->set_last_iteration(update.iteration());
  job->set_stop_reason(update.reason());
  AddEvent(job, time_ms, "TRAINING_STOPPED",
           absl::StrCat(update.reason(), "; training ends after iteration ", update.iteration()));
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyEvalUpdate(const v1::Update& update, v1::JobRecord* job) {
  switch (update.kind_case()) {
    case v1::Update::kEvaluationDone:
      return Apply(update.evaluation_done(), job);
    case v1::Update::kTrainingStopped:
      return Apply(update.training_stopped(), update.time_ms(), job);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("job ", job->job_id(), ": not an update about evaluations"));
  }
}

}  // namespace paceline::scheduler

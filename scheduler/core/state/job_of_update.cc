#include "scheduler/core/state/job_apply.h"

namespace paceline::scheduler {

uint64_t JobOfUpdate(const v1::Update& update) {
  switch (update.kind_case()) {
    case v1::Update::kJobSubmitted:
      return update.job_submitted().job_id();
    case v1::Update::kJobStateChanged:
      return update.job_state_changed().job_id();
    case v1::Update::kTasksAssigned:
      return update.tasks_assigned().job_id();
    case v1::Update::kFactsRecorded:
      return update.facts_recorded().job_id();
    case v1::Update::kShardsPlaced:
      return update.shards_placed().job_id();
    case v1::Update::kGrantsMade:
      return update.grants_made().job_id();
    case v1::Update::kCutOrdered:
      return update.cut_ordered().job_id();
    case v1::Update::kCutSealed:
      return update.cut_sealed().job_id();
    case v1::Update::kCutCommitted:
      return update.cut_committed().job_id();
    case v1::Update::kParametersHashed:
      return update.parameters_hashed().job_id();
    case v1::Update::kTaskExited:
      return update.task_exited().job_id();
    case v1::Update::kRankMoved:
      return update.rank_moved().job_id();
    case v1::Update::kCancelRequested:
      return update.cancel_requested().job_id();
    case v1::Update::kJobEnded:
      return update.job_ended().job_id();
    case v1::Update::kJobForgotten:
      return update.job_forgotten().job_id();
    case v1::Update::kJobDeleted:
      return update.job_deleted().job_id();
    case v1::Update::kFinalEvalDone:
      return update.final_eval_done().job_id();
    case v1::Update::kEvaluationDone:
      return update.evaluation_done().job_id();
    case v1::Update::kTrainingStopped:
      return update.training_stopped().job_id();
    case v1::Update::kCheckpointRequested:
      return update.checkpoint_requested().job_id();
    case v1::Update::kCutAbandoned:
      return update.cut_abandoned().job_id();
    case v1::Update::kRestoreFailed:
      return update.restore_failed().job_id();
    default:
      return 0;
  }
}

}  // namespace paceline::scheduler

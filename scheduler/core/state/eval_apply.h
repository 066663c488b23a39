// What each update about evaluations does to the record of its job.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STATE_EVAL_APPLY_H_
#define PACELINE_SCHEDULER_CORE_STATE_EVAL_APPLY_H_

#include "absl/status/status.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

// Applies EvaluationDone or TrainingStopped. On an error the job is unchanged.
// Errors:  InvalidArgument     an evaluation that is not behind the last one, an end at
//                              iteration 0, or another update.
//          FailedPrecondition  it does not follow from the job's state.
absl::Status ApplyEvalUpdate(const v1::Update& update, v1::JobRecord* job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_EVAL_APPLY_H_

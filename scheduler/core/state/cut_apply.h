// What each update about cuts does to the record of its job.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STATE_CUT_APPLY_H_
#define PACELINE_SCHEDULER_CORE_STATE_CUT_APPLY_H_

#include "absl/status/status.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

// Applies CheckpointRequested, CutOrdered, CutCommitted, CutAbandoned or
// ParametersHashed. On an error the job is unchanged.
// Errors:  InvalidArgument     cut ids leave a gap, or another update.
//          FailedPrecondition  it does not follow from the job's state.
absl::Status ApplyCutUpdate(const v1::Update& update, v1::JobRecord* job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_CUT_APPLY_H_

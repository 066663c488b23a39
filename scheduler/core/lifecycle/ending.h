// From the last push to SUCCEEDED: all ranks finished, the final cut, its files
// verified and committed, its parameters hashed, the final evaluation.
//
// Level-triggered: each call looks at what is there and does the next step, so it
// goes on where a restarted scheduler left off.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_ENDING_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_ENDING_H_

#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// RUNNING with every rank finished: CHECKPOINTING and the final cut's order.
void PlanFinish(const View& view, const v1::JobRecord& job, Decisions* out);

// CHECKPOINTING: the next step to the end.
void PlanFinalCut(const View& view, const v1::JobRecord& job, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_ENDING_H_

// A rank survives its tasks: when one ends, hangs, or goes with its worker, another
// task plays the rank on, with a new incarnation, from the iteration that the
// servers have applied. The other tasks notice nothing but the waiting, unless the task
// takes something along that is nowhere else: then the job goes back (task_loss.h).
//
// A task that dies three times at the same iteration would die a fourth time: the
// job fails with the cause. Tasks that go with their worker do not count.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_RESTARTS_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_RESTARTS_H_

#include <cstdint>

#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Deaths of a rank's tasks at one iteration after which its job fails.
inline constexpr uint32_t kMaxDeathsAtIteration = 3;

// TaskExited for the first rank whose task is gone, and JobEnded if that was once
// too often, or the job's way back.
void PlanExits(const View& view, const v1::JobRecord& job, Decisions* out);

// TasksAssigned for ranks without a task, as far as there are free slots of the kind that
// the job started on.
void PlanRestarts(const View& view, const v1::JobRecord& job, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_RESTARTS_H_

// What ends a job before its time: an error that one of its tasks or servers names
// itself. The first that is heard becomes the reason. The job of a task that failed ends
// with the task's process, so that its last log lines are kept; at the latest after as
// many heartbeats as a node may be silent.
//
// Losing a task or a server ends nothing: see restarts.h and rollback.h.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_FAILURES_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_FAILURES_H_

#include <string>

#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Adds JobEnded if an active job cannot go on.
void PlanFailures(const View& view, const v1::JobRecord& job, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_FAILURES_H_

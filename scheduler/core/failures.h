// What ends a job before its time. The first cause that is heard becomes the
// reason: an error that a task or server names itself before the death that
// follows from it.
//
// A lost server ends its job as FAILED: nothing is brought back from a cut yet. A
// lost task or worker does not: see restarts.h.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_FAILURES_H_
#define PACELINE_SCHEDULER_CORE_FAILURES_H_

#include <string>

#include "proto/state.pb.h"
#include "scheduler/core/decisions.h"
#include "scheduler/core/view.h"

namespace paceline::scheduler {

// Adds JobEnded if an active job cannot go on.
void PlanFailures(const View& view, const v1::JobRecord& job, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_FAILURES_H_

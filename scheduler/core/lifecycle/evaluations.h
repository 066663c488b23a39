// What rank 0 says of its evaluations becomes part of the state, where a job stops early or
// keeps its best cut: EvaluationDone for each that is behind the last one, TrainingStopped
// when they say so (early_stopping.h). Those of an abandoned timeline do not count, and
// those that come again after a rollback are known already.
//
// Under bsp the end of training must not depend on what was lost. An evaluation that was
// lost with its task, seen by the one behind it, sends the job back to a cut from which it
// is made again (stored_cuts/best_cut.h).
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_EVALUATIONS_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_EVALUATIONS_H_

#include <cstdint>

#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Of a report of the job's present task.
void PlanEvaluations(const View& view, const v1::JobRecord& job, const v1::SyncTaskRequest& report,
                     Decisions* out);

// How many evaluations of the task's last report have been taken in.
uint32_t EvaluationsTaken(const View& view, const v1::JobRecord& job, uint32_t rank);

// Whether every rank has reported that it knows where training ends (last_iteration).
bool EndIsKnown(const View& view, const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_EVALUATIONS_H_

// A rank loses its task: what is written down of it.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_RANKS_TASK_EXIT_H_
#define PACELINE_SCHEDULER_CORE_RANKS_TASK_EXIT_H_

#include <cstdint>

#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// TaskExited of the rank's present task, with where it ran and how far it was. `died`: by
// itself, not with its node.
void AddTaskExited(const View& view, const v1::JobRecord& job, uint32_t rank,
                   const v1::TaskExit& exit, bool died, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_RANKS_TASK_EXIT_H_

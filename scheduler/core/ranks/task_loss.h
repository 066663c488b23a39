// A task may take something along that is nowhere else: what compression left behind of
// its gradients. Where a job promises the same bytes through faults (bsp), it goes back to
// its newest cut then, as if it had lost a server (rollback.h): after the rounds of its cuts
// nothing is left behind (common/spec/flush_schedule.h), and all its ranks go on from there
// as new tasks do.
//
// Under ssp and asp the rank is played on, and the new task reports the loss.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_RANKS_TASK_LOSS_H_
#define PACELINE_SCHEDULER_CORE_RANKS_TASK_LOSS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Whether the job goes back when the task that plays `rank` is lost or moved.
bool TaskLossRollsBack(const View& view, const v1::JobRecord& job, uint32_t rank);

// That task is lost, for `cause`: JobStateChanged to RECOVERING if the job goes back.
void PlanTaskLoss(const View& view, const v1::JobRecord& job, uint32_t rank,
                  absl::string_view cause, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_RANKS_TASK_LOSS_H_

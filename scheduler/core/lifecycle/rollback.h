// A lost server takes its shards along: the job goes back, all shards of it, to its
// last cut, on a new timeline, and on the servers that are left. Its ranks replay
// their grants from there. What happened on the old timeline never happened.
//
//   a server of the map is lost, was restarted, gave the job's tables up, or is
//   shutting down and a cut was taken for that
//     -> RECOVERING: the map is given up                 (here)
//     -> shards are placed anew, timeline + 1            (placement.h)
//     -> every server has verified and restored its part of the cut: RUNNING
//        one found it damaged: the next older cut        (here)
//        one could not open its part: again in a while   (here)
//
// A job without a committed cut goes back to its seeded beginning.
//
// Some jobs go back when they lose a task, too: task_loss.h.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_ROLLBACK_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_ROLLBACK_H_

#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// JobStateChanged to RECOVERING if a server of the job's map is lost or leaves, unless
// all that the job still needs is in its final cut. RECOVERING: RestoreFailed if shards
// cannot be opened where they are.
void PlanRollback(const View& view, const v1::JobRecord& job, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_ROLLBACK_H_

// When a job that trains takes a cut: every so many iterations or seconds, when a
// user asks, or when it is to leave a server (drain.h).
//
//   bsp       armed ahead for a round; every shard copies itself as it applies it. If
//             shards are beyond the round before all servers have heard of it, the
//             cut is missed, and the next is armed further ahead. Where compression
//             leaves something behind on the ranks, only rounds will do after which it
//             does not (common/spec/flush_schedule.h).
//   ssp, asp  ordered when it is due; every shard is copied at its own moment.
//
// A failed attempt leaves the cuts before it as they are, and the next one waits a
// little.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_CUTS_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_CUTS_H_

#include "absl/status/status.h"
#include "proto/cluster.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// RUNNING: the next step of the cut in flight, or the order of one that is due.
void PlanCuts(const View& view, const v1::JobRecord& job, Decisions* out);

// A user asks for a cut. `response` names the cut that will do.
// Errors:  NotFound            no such job.
//          FailedPrecondition  it does not train now; names its state.
absl::Status PlanCheckpoint(const View& view, const v1::CheckpointJobRequest& request,
                            v1::CheckpointJobResponse* response, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_CUTS_H_

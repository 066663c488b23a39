// Nodes that are to be empty: those that an operator drains, and those that have said that
// they are about to end. Nothing new comes to either (liveness.h, IsUsable).
//
//   worker   its ranks move to free slots elsewhere, as in links.h: nothing that counts is
//            lost, and no death is counted. Where there is none they stay until there is
//   server   a cut is taken, then the job goes on from it on others (cuts.h, rollback.h). A
//            server that is drained keeps its shards until others have room for them; one
//            that is about to end does not wait for that
//
// A drain outlives processes of the node and of the scheduler; a node that is drained is not
// forgotten.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_NODES_DRAIN_H_
#define PACELINE_SCHEDULER_CORE_NODES_DRAIN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proto/cluster.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// The node that a request names, and NodeDrainSet if that is not as asked.
// Errors:  InvalidArgument  neither or both of number and address, or a long reason.
//          NotFound         no such node.
absl::StatusOr<uint64_t> PlanDrainNode(const View& view, const v1::DrainNodeRequest& request,
                                       Decisions* out);

// RankMoved for the first rank of the job that is to leave its worker and may.
void PlanDrainMoves(const View& view, const v1::JobRecord& job, Decisions* out);

// A server of the job's map that the job is to leave now, or null.
const v1::ShardServer* ServerToLeave(const View& view, const v1::JobRecord& job);

// The cut that is taken before the job leaves a server has been taken, or could not be.
bool DrainCutTaken(const v1::JobRecord& job);

// What a node that is to be empty still holds, and why ("2 ranks of job 3: no free slot
// elsewhere"); empty if nothing. One clause for each job, at most five.
std::string DrainWaitsFor(const View& view, const v1::NodeRecord& node);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_NODES_DRAIN_H_

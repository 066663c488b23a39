// Which server holds which shard: bytes are spread, not counts.
//
// The servers are those with the fewest table bytes; then the shards, largest
// first, each go to the server of them that has the fewest bytes of this job. So
// one huge table, cut into shards of 4 MiB, lies on all servers, and many tiny ones
// lie beside it. The largest server then has at most a shard more than the mean.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_PLACEMENT_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_PLACEMENT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// A server for each shard of the given size, as an index below `servers`, > 0.
// Deterministic. Cost: O(n log n).
std::vector<uint32_t> SpreadBytes(absl::Span<const uint64_t> shard_bytes, uint32_t servers);

// The tables of the job's facts, cut and spread over `servers`, in that order. A
// server that gets no shard, since there are fewer of them, is not in the map.
// Errors:  as CutTables.
absl::StatusOr<v1::ShardMap> PlaceShards(const v1::JobRecord& job,
                                         absl::Span<const v1::NodeRecord* const> servers,
                                         uint64_t timeline, uint64_t epoch);

// Bytes that the shard maps of active jobs put on a server.
uint64_t PlacedBytes(const ClusterState& state, uint64_t node_id);

// A job that is PLACING: ShardsPlaced once it has facts and enough servers are
// live, RUNNING once they all serve the map.
void PlanPlacement(const View& view, const v1::JobRecord& job, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_PLACEMENT_H_

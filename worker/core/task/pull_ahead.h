// Which shards of a push a rank pulls for its next iteration at once.
//
// The pull of a dense shard may leave right behind the push of it: the server holds it until
// the push was taken and the policy admits it, which saves the next iteration a round trip
// and lets rows come back while other layers are still pushed. Sparse tables wait for the
// keys of the next batch; what is patched into the rows of the present iteration (delta)
// waits for its end, and so does what is measured (auto).
//
// Pure functions.
#ifndef PACELINE_WORKER_CORE_TASK_PULL_AHEAD_H_
#define PACELINE_WORKER_CORE_TASK_PULL_AHEAD_H_

#include <cstdint>
#include <vector>

#include "proto/data.pb.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/shard_layout.h"

namespace paceline::worker {

// Whether there is, or may be, an iteration behind `iteration` to pull for, of which
// `available` are known; `complete`: no others will be.
bool AnotherFollows(uint64_t iteration, uint64_t available, bool complete);

bool PulledAhead(const ShardLayout& layout, uint32_t table);

// Of the shards that `push` carries; one entry per table.
std::vector<TableNeeds> NeedsAhead(const ShardLayout& layout, const v1::PushRequest& push);

// What is left to be pulled when the shards in `asked` have been asked for ahead; one entry
// per table. `asked`: by shard.
std::vector<TableNeeds> NeedsLeft(const ShardLayout& layout, const std::vector<bool>& asked);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_PULL_AHEAD_H_

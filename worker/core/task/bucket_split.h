// Which keys of a batch go to which bucket of their table: one walk over the keys.
//
// Thread-safe: pure functions.
#ifndef PACELINE_WORKER_CORE_TASK_BUCKET_SPLIT_H_
#define PACELINE_WORKER_CORE_TASK_BUCKET_SPLIT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/core/task/shard_layout.h"

namespace paceline::worker {

struct BucketSplit {
  // Of each key.
  std::vector<uint32_t> bucket_of;
  // Keys of each bucket, an index in layout.shards(table).
  std::vector<size_t> counts;
};

// `table` is sparse.
BucketSplit SplitByBucket(const ShardLayout& layout, uint32_t table,
                          absl::Span<const uint64_t> keys);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_BUCKET_SPLIT_H_

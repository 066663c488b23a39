#include "worker/core/task/bucket_split.h"

namespace paceline::worker {

BucketSplit SplitByBucket(const ShardLayout& layout, uint32_t table,
                          absl::Span<const uint64_t> keys) {
  BucketSplit split;
  split.counts.resize(layout.shards(table).size());
  split.bucket_of.resize(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint32_t bucket = layout.BucketOf(table, keys[i]);
    split.bucket_of[i] = bucket;
    ++split.counts[bucket];
  }
  return split;
}

}  // namespace paceline::worker

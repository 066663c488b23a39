// Rows that a rank has read before and may read again under SSP.
//
// A reply's version is the smallest progress of any unfinished rank on the shard
// when it was read: the rows hold every update of the iterations before it.
//
// Rule:  a copy serves the pull of iteration t while version >= t - staleness.
//
// Dense shards are cached in place: their rows stay in the rank's Parameters,
// where the last pull has put them, and the cache knows their versions. Sparse
// rows are copied, per key, up to a capacity; beyond it the rows that were not
// used for longest make room (second chance).
//
// For SSP alone: BSP reads a state of one round, ASP the latest. A copy may lack
// the rank's own latest pushes. The cache dies with the timeline.
#ifndef PACELINE_WORKER_CORE_TASK_SSP_CACHE_H_
#define PACELINE_WORKER_CORE_TASK_SSP_CACHE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proto/data.pb.h"
#include "worker/core/model.h"
#include "worker/core/task/pull_plan.h"
#include "worker/core/task/shard_layout.h"

namespace paceline::worker {

struct SspCacheOptions {
  uint32_t staleness = 0;
  // Of the copies of sparse rows, shared equally among the sparse tables.
  uint64_t capacity_bytes = uint64_t{256} << 20;
};

// Thread-compatible.
class SspCache {
 public:
  // `layout` outlives the cache.
  SspCache(const ShardLayout* layout, const SspCacheOptions& options);

  // What of the pull for `iteration` has to come from the servers; copies the
  // sparse rows that need not into `parameters`, as shaped for the pull. It must
  // be the same Parameters every time.
  std::vector<TableNeeds> Fill(uint64_t iteration, Parameters* parameters);

  // Remembers what a reply brought, once it was scattered into `parameters`.
  void Store(const PullFrame& frame, const v1::PullResponse& response,
             const Parameters& parameters);

  // Dense shards and sparse rows that did not have to be asked for.
  uint64_t hits() const { return hits_; }
  // Bytes of the copies of sparse rows.
  uint64_t bytes() const;

 private:
  struct Row {
    uint64_t key = 0;
    uint64_t version = 0;
    bool used = false;
  };
  struct Table {
    // dense: of each shard.
    std::vector<std::optional<uint64_t>> versions;
    // sparse: rows_[i] has its values at values[i * dim].
    uint64_t capacity_rows = 0;
    absl::flat_hash_map<uint64_t, uint32_t> index;
    std::vector<Row> rows;
    std::vector<float> values;
    uint32_t hand = 0;
  };

  bool Fresh(uint64_t version, uint64_t iteration) const;
  void StoreRow(Table* table, uint32_t dim, uint64_t key, uint64_t version, const float* values);

  const ShardLayout* const layout_;
  const SspCacheOptions options_;
  std::vector<Table> tables_;
  uint64_t hits_ = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_SSP_CACHE_H_

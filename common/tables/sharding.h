// How tables are cut into shards: a function of the table alone, never of the
// servers, so that scheduler, servers and ranks agree without asking.
//
//   dense:  contiguous row ranges of RowsPerShard(dim) rows, the last one shorter;
//   sparse: kSparseBuckets hash buckets, key -> BucketOfKey(key, buckets).
//
// Shard ids count from 0 over the tables in name order, then by row or bucket.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_TABLES_SHARDING_H_
#define PACELINE_COMMON_TABLES_SHARDING_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/hash.h"
#include "proto/node.pb.h"

namespace paceline {

// Bytes of float32 weights of a dense shard, unless one row alone is larger.
inline constexpr uint64_t kMaxShardBytes = uint64_t{4} << 20;
// Buckets of every sparse table.
inline constexpr uint32_t kSparseBuckets = 64;
// Longest row [float32]: a row fits into a frame (64 MiB) with its header.
inline constexpr uint32_t kMaxDim = (uint32_t{16} << 20) - 1024;
// Most rows of a dense table, and most shards of a job.
inline constexpr uint64_t kMaxRows = uint64_t{1} << 40;
inline constexpr uint64_t kMaxShards = uint64_t{1} << 20;
// Rows that an estimate assumes in a bucket, whose size nobody knows beforehand.
inline constexpr uint64_t kAssumedRowsPerBucket = 1024;

// max(1, kMaxShardBytes / (4 * dim)). `dim` is at least 1.
uint64_t RowsPerShard(uint32_t dim);

// The bucket of `key`, in [0, buckets): its mixed bits modulo `buckets`, at least 1.
inline uint32_t BucketOfKey(uint64_t key, uint32_t buckets) {
  const uint64_t mixed = MixBits(key);
  // A division takes longer than all the rest.
  const bool power_of_two = (buckets & (buckets - 1)) == 0;
  return static_cast<uint32_t>(power_of_two ? mixed & (buckets - 1) : mixed % buckets);
}

// Checks one table: name, kind, rows, dim.
// Errors:  InvalidArgument  naming the table, the limit and what came.
absl::Status ValidateTable(const v1::TableSpec& table);

// The shards of `tables`; server is 0 in all of them.
// Errors:  InvalidArgument    as ValidateTable, or names not ascending and distinct.
//          ResourceExhausted  more than kMaxShards shards.
absl::StatusOr<std::vector<v1::ShardSpec>> CutTables(absl::Span<const v1::TableSpec> tables);

// Bytes of the shard's weights and slots (float32): what placement spreads and a
// cut writes. Sparse: assumes kAssumedRowsPerBucket rows. A server may hold more:
// see DenseRows::MemoryBytes.
uint64_t ShardBytes(const v1::TableSpec& table, const v1::ShardSpec& shard);

// Finds shards by row or key. Immutable.
class ShardIndex {
 public:
  // `map` is as CutTables made it (in any placement).
  // Errors:  InvalidArgument  the shards are not what CutTables gives for the tables.
  static absl::StatusOr<ShardIndex> Create(const v1::ShardMap& map);

  // Shards of table `table` are ids [first, first + count).
  struct Range {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  Range ShardsOfTable(int table) const;

  // The shard of row `row` of dense table `table`; both exist.
  uint32_t ShardOfRow(int table, uint64_t row) const;

  // The shard of `key` of sparse table `table`, which exists.
  uint32_t ShardOfKey(int table, uint64_t key) const;

 private:
  struct Table {
    Range shards;
    bool dense = false;
    // dense: rows of every shard but the last.
    uint64_t rows_per_shard = 0;
    uint64_t rows = 0;
  };
  std::vector<Table> tables_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_TABLES_SHARDING_H_

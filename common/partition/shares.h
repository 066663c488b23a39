// How the positions of a round are shared among ranks.
//
// Rank k of W takes the k-th contiguous share of n positions. Shares differ by at
// most one position, the larger ones first; a share may be empty (n < W).
// Example: n = 10, W = 4 gives [0,3) [3,6) [6,8) [8,10).
//
// Pure functions; a rank >= ranks, or ranks = 0, is a bug of the caller.
#ifndef PACELINE_COMMON_PARTITION_SHARES_H_
#define PACELINE_COMMON_PARTITION_SHARES_H_

#include <cstdint>

namespace paceline {

// Positions [begin, end).
struct PositionRange {
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
  friend bool operator==(const PositionRange&, const PositionRange&) = default;
};

// The share of `rank` in positions [0, n).
PositionRange ShareOf(uint64_t n, uint32_t rank, uint32_t ranks);

// Number of positions of `rank` in a full round. Under ssp and asp this is the
// rank's batch size; it is 0 only where global_batch < ranks.
uint64_t NominalBatch(uint64_t global_batch, uint32_t rank, uint32_t ranks);

// NominalBatch / global_batch, in [0, 1]; global_batch > 0. Sums to 1 over the ranks.
double RankShare(uint64_t global_batch, uint32_t rank, uint32_t ranks);

}  // namespace paceline

#endif  // PACELINE_COMMON_PARTITION_SHARES_H_

#include "common/partition/shares.h"

#include <algorithm>

#include "common/check.h"

namespace paceline {

PositionRange ShareOf(uint64_t n, uint32_t rank, uint32_t ranks) {
  PL_CHECK_LT(rank, ranks);
  const uint64_t base = n / ranks;
  const uint64_t larger = n % ranks;
  const uint64_t begin = rank * base + std::min<uint64_t>(rank, larger);
  return {begin, begin + base + (rank < larger ? 1 : 0)};
}

uint64_t NominalBatch(uint64_t global_batch, uint32_t rank, uint32_t ranks) {
  return ShareOf(global_batch, rank, ranks).size();
}

double RankShare(uint64_t global_batch, uint32_t rank, uint32_t ranks) {
  return static_cast<double>(NominalBatch(global_batch, rank, ranks)) /
         static_cast<double>(global_batch);
}

}  // namespace paceline

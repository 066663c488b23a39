#include "worker/core/models/counting/counting.h"

#include <algorithm>

#include "common/check.h"
#include "common/hash.h"

namespace paceline::worker {

std::vector<uint64_t> CountingRows(uint64_t rows, uint32_t rank, uint64_t iteration) {
  PL_CHECK_GE(rows, 1u);
  std::vector<uint64_t> picked = {0};
  if (rows == 1) return picked;
  const uint64_t push = MixBits(rank, iteration);
  for (int pick = 0; pick < kCountingPicks; ++pick) {
    picked.push_back(1 + MixBits(push, static_cast<uint64_t>(pick)) % (rows - 1));
  }
  std::sort(picked.begin(), picked.end());
  picked.erase(std::unique(picked.begin(), picked.end()), picked.end());
  return picked;
}

std::vector<uint64_t> ExpectedCounting(const v1::JobSpec& spec, uint32_t rank,
                                       uint64_t iterations) {
  std::vector<uint64_t> expected(spec.model().rows(), 0);
  for (uint64_t t = 0; t < iterations; ++t) {
    for (const uint64_t row : CountingRows(expected.size(), rank, t)) ++expected[row];
  }
  return expected;
}

}  // namespace paceline::worker

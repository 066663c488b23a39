#include "server/core/rows/row_limits.h"

#include <algorithm>

namespace paceline::server {

RowLimits::RowLimits(const v1::SparseLimits& limits, const BucketOfTable& bucket)
    : admit_after_(std::max<uint32_t>(1, limits.admit_after())),
      evict_after_(limits.evict_after_iterations()),
      share_bytes_(limits.memory_bytes() / bucket.count),
      evicts_when_full_(share_bytes_ > 0 && limits.on_full() == v1::ON_FULL_EVICT),
      bucket_(bucket) {}

uint64_t RowLimits::SweepEvery() const { return std::max<uint64_t>(1, evict_after_ / 8); }

bool RowLimits::SweepDue(uint64_t before, uint64_t now) const {
  if (evict_after_ == 0) return false;
  const uint64_t every = SweepEvery();
  // All buckets at once would stop the whole table.
  const uint64_t turn = every * bucket_.number / bucket_.count;
  return (now + turn) / every > (before + turn) / every;
}

}  // namespace paceline::server

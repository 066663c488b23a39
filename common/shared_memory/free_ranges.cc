#include "common/shared_memory/free_ranges.h"

#include <iterator>

namespace paceline {
namespace {

// A cache line, and a whole vector.
constexpr uint64_t kAlignment = 64;

uint64_t RoundUp(uint64_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

std::optional<uint64_t> FreeRanges::Take(uint64_t size) {
  const uint64_t room = RoundUp(size);
  // The first that fits: what was used last is most likely still in a cache.
  for (auto range = free_.begin(); range != free_.end(); ++range) {
    if (range->second < room) continue;
    const auto [offset, length] = *range;
    free_.erase(range);
    if (length > room) free_[offset + room] = length - room;
    return offset;
  }
  return std::nullopt;
}

void FreeRanges::Return(uint64_t offset, uint64_t size) {
  auto range = free_.emplace(offset, RoundUp(size)).first;
  const auto next = std::next(range);
  if (next != free_.end() && range->first + range->second == next->first) {
    range->second += next->second;
    free_.erase(next);
  }
  if (range == free_.begin()) return;
  const auto before = std::prev(range);
  if (before->first + before->second != range->first) return;
  before->second += range->second;
  free_.erase(range);
}

}  // namespace paceline

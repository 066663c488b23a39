#include "server/core/rows/record_index.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "common/check.h"

namespace paceline::server {
namespace {

// One cache line.
constexpr uint64_t kFewestPlaces = 4;

}  // namespace

RecordIndex::RecordIndex() { Reserve(0); }

uint64_t RecordIndex::CapacityFor(uint64_t keys) {
  // At least one place stays free, where a search ends.
  return std::bit_ceil(std::max(kFewestPlaces, keys + keys / 2 + 1));
}

uint64_t RecordIndex::BytesFor(uint64_t keys) {
  return keys == 0 ? 0 : TableMemory::BytesFor(CapacityFor(keys) * sizeof(Place));
}

void RecordIndex::Reserve(uint64_t keys) {
  const uint64_t capacity = CapacityFor(keys);
  if (capacity <= mask_ + 1) return;
  const TableMemory old = std::exchange(memory_, TableMemory(capacity * sizeof(Place)));
  const auto* const places = static_cast<const Place*>(old.data());
  const uint64_t count = places == nullptr ? 0 : mask_ + 1;
  mask_ = capacity - 1;
  shift_ = static_cast<uint32_t>(64 - std::bit_width(mask_));
  for (uint64_t at = 0; at < count; ++at) {
    if (places[at].record != nullptr) Put(places[at].key, places[at].record);
  }
}

void RecordIndex::Put(uint64_t key, float* record) {
  uint64_t at = Home(key);
  while (places()[at].record != nullptr) at = (at + 1) & mask_;
  places()[at] = {.key = key, .record = record};
}

void RecordIndex::Insert(uint64_t key, float* record) {
  PL_CHECK(record != nullptr) << "key " << key;
  Reserve(size_ + 1);
  Put(key, record);
  ++size_;
}

}  // namespace paceline::server

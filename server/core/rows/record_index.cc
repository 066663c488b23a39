#include "server/core/rows/record_index.h"

#include <utility>

#include "common/check.h"

namespace paceline::server {
namespace {

// Places of a cache line.
constexpr uint64_t kLine = 4;

// At most two thirds full, and at least one place stays free, where a search ends.
bool Holds(uint64_t capacity, uint64_t keys) { return keys + keys / 2 + 1 <= capacity; }

// The next size: half more, in whole lines.
uint64_t Grown(uint64_t capacity) { return (capacity + capacity / 2 + kLine - 1) / kLine * kLine; }

}  // namespace

RecordIndex::RecordIndex() { Reserve(0); }

uint64_t RecordIndex::CapacityFor(uint64_t keys) {
  uint64_t capacity = kLine;
  while (!Holds(capacity, keys)) capacity = Grown(capacity);
  return capacity;
}

uint64_t RecordIndex::BytesFor(uint64_t keys) {
  return keys == 0 ? 0 : TableMemory::BytesFor(CapacityFor(keys) * sizeof(Place));
}

uint64_t RecordIndex::MovingBytes(uint64_t from, uint64_t to) {
  return to > from && CapacityFor(to) > CapacityFor(from) ? BytesFor(from) : 0;
}

uint64_t RecordIndex::PeakBytesFor(uint64_t keys) {
  return BytesFor(keys + 1) + MovingBytes(keys, keys + 1);
}

void RecordIndex::Reserve(uint64_t keys) {
  if (Holds(capacity_, keys)) return;
  const uint64_t old_capacity = std::exchange(capacity_, CapacityFor(keys));
  const TableMemory old = std::exchange(memory_, TableMemory(capacity_ * sizeof(Place)));
  const auto* const from = static_cast<const Place*>(old.data());
  // Both lie in the order of their hashes: this is a walk along both.
  for (uint64_t at = 0; at < old_capacity; ++at) {
    if (from[at].record != nullptr) Put(from[at].key, from[at].record);
  }
}

void RecordIndex::Put(uint64_t key, float* record) {
  uint64_t at = Home(key);
  while (places()[at].record != nullptr) at = Next(at);
  places()[at] = {.key = key, .record = record};
}

void RecordIndex::Insert(uint64_t key, float* record) {
  PL_CHECK(record != nullptr) << "key " << key;
  Reserve(size_ + 1);
  Put(key, record);
  ++size_;
}

float* RecordIndex::Erase(uint64_t key) {
  uint64_t hole = Home(key);
  while (places()[hole].key != key || places()[hole].record == nullptr) {
    PL_CHECK(places()[hole].record != nullptr) << "key " << key << " is absent";
    hole = Next(hole);
  }
  float* const record = places()[hole].record;
  // What lies behind moves up, where its search would come past the hole.
  for (uint64_t at = Next(hole); places()[at].record != nullptr; at = Next(at)) {
    if (Distance(Home(places()[at].key), at) < Distance(hole, at)) continue;
    places()[hole] = places()[at];
    hole = at;
  }
  places()[hole] = {};
  --size_;
  return record;
}

}  // namespace paceline::server

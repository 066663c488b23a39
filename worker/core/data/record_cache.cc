#include "worker/core/data/record_cache.h"

#include <algorithm>
#include <cstring>

namespace paceline::worker {

namespace {

constexpr uint64_t kBlockBytes = uint64_t{1} << 20;
// What the map takes for an entry at its lowest load, with its control byte.
constexpr uint64_t kEntryBytes = 2 * (sizeof(uint64_t) + sizeof(char*) + 1);

template <typename T>
const char* AppendFrom(const char* p, uint64_t count, std::vector<T>* out) {
  const size_t before = out->size();
  out->resize(before + count);
  if (count > 0) std::memcpy(out->data() + before, p, count * sizeof(T));
  return p + count * sizeof(T);
}

template <typename T>
char* CopyTo(char* p, const T* values, uint64_t count) {
  if (count > 0) std::memcpy(p, values, count * sizeof(T));
  return p + count * sizeof(T);
}

}  // namespace

bool RecordCache::Append(uint64_t record, Batch* batch) const {
  const auto it = places_.find(record);
  if (it == places_.end()) return false;
  const char* p = it->second;
  uint64_t count = 0;
  std::memcpy(&count, p, sizeof(count));
  p += sizeof(count);
  if (batch->dense) {
    p = AppendFrom(p, count, &batch->dense_values);
  } else {
    p = AppendFrom(p, count, &batch->indices);
    p = AppendFrom(p, count, &batch->values);
    batch->offsets.push_back(batch->indices.size());
  }
  AppendFrom(p, 1, &batch->labels);
  return true;
}

void RecordCache::InsertLast(uint64_t record, const Batch& batch) {
  const uint64_t n = batch.size();
  const uint64_t first =
      batch.dense ? batch.dense_values.size() / n * (n - 1) : batch.offsets[n - 1];
  const uint64_t count = (batch.dense ? batch.dense_values.size() : batch.indices.size()) - first;
  const uint64_t value_bytes = sizeof(float) + (batch.dense ? 0 : sizeof(uint64_t));
  char* const place = Allocate(sizeof(count) + count * value_bytes + sizeof(float));
  if (place == nullptr) return;

  char* p = CopyTo(place, &count, 1);
  if (batch.dense) {
    p = CopyTo(p, batch.dense_values.data() + first, count);
  } else {
    p = CopyTo(p, batch.indices.data() + first, count);
    p = CopyTo(p, batch.values.data() + first, count);
  }
  CopyTo(p, &batch.labels.back(), 1);
  places_[record] = place;
}

char* RecordCache::Allocate(uint64_t size) {
  const uint64_t aligned = (size + 7) / 8 * 8;
  if (bytes_ + kEntryBytes > budget_bytes_) return nullptr;
  if (aligned > free_bytes_) {
    const uint64_t block = std::max(aligned, kBlockBytes);
    if (block > budget_bytes_ - bytes_ - kEntryBytes) return nullptr;
    blocks_.push_back(std::make_unique_for_overwrite<uint64_t[]>(block / 8));
    free_ = reinterpret_cast<char*>(blocks_.back().get());
    free_bytes_ = block;
    bytes_ += block;
  }
  bytes_ += kEntryBytes;
  char* const place = free_;
  free_ += aligned;
  free_bytes_ -= aligned;
  return place;
}

}  // namespace paceline::worker

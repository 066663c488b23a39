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

// What a record has; both are far below 2^32, since its text has at most 16 MiB.
struct Counts {
  uint32_t indices = 0;
  uint32_t values = 0;
};

bool IsCsr(const Batch& batch) { return !batch.dense && batch.fields == 0; }

}  // namespace

bool RecordCache::Append(uint64_t record, Batch* batch) const {
  const auto it = places_.find(record);
  if (it == places_.end()) return false;
  const char* p = it->second;
  Counts counts;
  std::memcpy(&counts, p, sizeof(counts));
  p = AppendFrom(p + sizeof(counts), counts.indices, &batch->indices);
  const bool csr = IsCsr(*batch);
  p = AppendFrom(p, counts.values, csr ? &batch->values : &batch->dense_values);
  if (csr) batch->offsets.push_back(batch->indices.size());
  AppendFrom(p, 1, &batch->labels);
  return true;
}

void RecordCache::InsertLast(uint64_t record, const Batch& batch) {
  const uint64_t n = batch.size();
  const bool csr = IsCsr(batch);
  const std::vector<float>& values = csr ? batch.values : batch.dense_values;
  const uint64_t first_index = csr ? batch.offsets[n - 1] : batch.indices.size() / n * (n - 1);
  const uint64_t first_value = csr ? first_index : values.size() / n * (n - 1);
  const Counts counts{.indices = static_cast<uint32_t>(batch.indices.size() - first_index),
                      .values = static_cast<uint32_t>(values.size() - first_value)};
  char* const place = Allocate(sizeof(counts) + counts.indices * sizeof(uint64_t) +
                               counts.values * sizeof(float) + sizeof(float));
  if (place == nullptr) return;

  char* p = CopyTo(place, &counts, 1);
  p = CopyTo(p, batch.indices.data() + first_index, counts.indices);
  p = CopyTo(p, values.data() + first_value, counts.values);
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

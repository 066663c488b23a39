#include "server/core/rows/row_chunks.h"

#include <algorithm>
#include <cstring>

#include "common/check.h"

namespace paceline::server {

RowChunks::RowChunks(uint64_t width) : width_(width) { PL_CHECK_GE(width, 1); }

uint64_t RowChunks::RecordsIn(uint64_t chunk_bytes) const {
  return std::max<uint64_t>(1, chunk_bytes / (sizeof(float) * width_));
}

uint64_t RowChunks::ChunkBytes(uint64_t records) const {
  return TableMemory::BytesFor(records * sizeof(float) * width_);
}

float* RowChunks::Add() {
  ++size_;
  if (free_ != nullptr) {
    float* const record = free_;
    std::memcpy(&free_, record, sizeof(free_));
    std::fill_n(record, width_, 0.0f);
    return record;
  }
  if (left_ == 0) {
    left_ = RecordsIn(chunks_.size() < kSmallChunks ? kChunkBytes : kBigChunkBytes);
    // A big chunk that its records do not fill is a huge page all the same.
    const uint64_t bytes = chunks_.size() < kSmallChunks
                               ? ChunkBytes(left_)
                               : std::max(kBigChunkBytes, ChunkBytes(left_));
    chunks_.emplace_back(bytes);
    next_ = static_cast<float*>(chunks_.back().data());
  }
  float* const record = next_;
  next_ += width_;
  --left_;
  return record;
}

void RowChunks::Remove(float* record) {
  PL_CHECK_GE(width_ * sizeof(float), sizeof(free_));
  PL_CHECK_GE(size_, 1);
  std::memcpy(record, &free_, sizeof(free_));
  free_ = record;
  --size_;
}

uint64_t RowChunks::BytesFor(uint64_t rows) const {
  const uint64_t in_small = RecordsIn(kChunkBytes);
  const uint64_t small = std::min((rows + in_small - 1) / in_small, kSmallChunks);
  uint64_t bytes = small * ChunkBytes(in_small);
  if (rows > small * in_small) {
    const uint64_t in_big = RecordsIn(kBigChunkBytes);
    const uint64_t big = (rows - small * in_small + in_big - 1) / in_big;
    bytes += big * std::max(kBigChunkBytes, ChunkBytes(in_big));
  }
  return bytes;
}

}  // namespace paceline::server

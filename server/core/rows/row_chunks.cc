#include "server/core/rows/row_chunks.h"

#include <algorithm>
#include <bit>

#include "common/check.h"

namespace paceline::server {

RowChunks::RowChunks(uint64_t width, bool count_steps) : width_(width), count_steps_(count_steps) {
  PL_CHECK_GE(width, 1);
  const uint64_t fit = std::max<uint64_t>(1, kChunkBytes / (sizeof(float) * width));
  shift_ = static_cast<uint32_t>(std::bit_width(fit) - 1);
  mask_ = (uint32_t{1} << shift_) - 1;
}

uint32_t RowChunks::Add() {
  const uint64_t in_chunk = uint64_t{mask_} + 1;
  if (size_ == chunks_.size() * in_chunk) {
    Chunk chunk;
    chunk.records = std::make_unique_for_overwrite<float[]>(in_chunk * width_);
    if (count_steps_) chunk.steps = std::make_unique<uint32_t[]>(in_chunk);
    chunks_.push_back(std::move(chunk));
  }
  PL_CHECK_LT(size_, kMaxRecords);
  return static_cast<uint32_t>(size_++);
}

uint64_t RowChunks::BytesFor(uint64_t rows) const {
  const uint64_t in_chunk = uint64_t{mask_} + 1;
  const uint64_t chunks = (rows + mask_) / in_chunk;
  const uint64_t record = sizeof(float) * width_ + (count_steps_ ? sizeof(uint32_t) : 0);
  return chunks * in_chunk * record;
}

}  // namespace paceline::server

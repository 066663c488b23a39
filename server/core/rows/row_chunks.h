// Storage for rows that grows without moving what it holds: each row is a record
// of `width` floats (weights, then slots), and records lie in chunks.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_ROWS_ROW_CHUNKS_H_
#define PACELINE_SERVER_CORE_ROWS_ROW_CHUNKS_H_

#include <cstdint>
#include <memory>
#include <vector>

namespace paceline::server {

// Bytes of records in a chunk, unless one record alone is larger.
inline constexpr uint64_t kChunkBytes = uint64_t{64} << 10;

// Most records: their indices are 32 bits, and the last is spare.
inline constexpr uint64_t kMaxRecords = ~uint32_t{0};

class RowChunks {
 public:
  // Records of `width` floats, at least 1, and with `count_steps` a counter each.
  RowChunks(uint64_t width, bool count_steps);

  // Adds a record; the caller fills it. Its counter is 0.
  // Returns its index, which counts from 0.
  uint32_t Add();
  uint64_t size() const { return size_; }

  float* Record(uint32_t index) {
    return chunks_[index >> shift_].records.get() + (index & mask_) * width_;
  }
  const float* Record(uint32_t index) const {
    return chunks_[index >> shift_].records.get() + (index & mask_) * width_;
  }
  // With count_steps.
  uint32_t& Steps(uint32_t index) { return chunks_[index >> shift_].steps[index & mask_]; }
  uint32_t Steps(uint32_t index) const { return chunks_[index >> shift_].steps[index & mask_]; }

  // Bytes of the chunks that hold `rows` records.
  uint64_t BytesFor(uint64_t rows) const;

 private:
  struct Chunk {
    std::unique_ptr<float[]> records;
    std::unique_ptr<uint32_t[]> steps;
  };

  const uint64_t width_;
  const bool count_steps_;
  uint32_t shift_ = 0;
  uint32_t mask_ = 0;  // records in a chunk - 1
  uint64_t size_ = 0;
  std::vector<Chunk> chunks_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_ROW_CHUNKS_H_

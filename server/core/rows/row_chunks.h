// Storage for rows that grows without moving what it holds: each row is a record
// of `width` floats (weights, slots, and what else belongs to the row), and records
// lie side by side in chunks. The first chunks are small, those of a big table are
// huge pages. Records that were removed are given out again first, the last one first.
//
// Thread-compatible.
#ifndef PACELINE_SERVER_CORE_ROWS_ROW_CHUNKS_H_
#define PACELINE_SERVER_CORE_ROWS_ROW_CHUNKS_H_

#include <cstdint>
#include <vector>

#include "server/core/rows/table_memory.h"

namespace paceline::server {

// Bytes of records in a chunk, unless one record alone is larger: of the first
// chunks, and of all later ones.
inline constexpr uint64_t kChunkBytes = uint64_t{64} << 10;
inline constexpr uint64_t kBigChunkBytes = kHugePageBytes;
inline constexpr uint64_t kSmallChunks = kBigChunkBytes / kChunkBytes;

// Most records of a bucket: images of rows count with 32 bits, and the last is spare.
inline constexpr uint64_t kMaxRecords = ~uint32_t{0};

class RowChunks {
 public:
  // Records of `width` floats, at least 1.
  explicit RowChunks(uint64_t width);

  // A new record, zeros. It stays where it is.
  float* Add();
  // Gives a record back; `width` is at least 2. The chunks stay.
  void Remove(float* record);
  uint64_t size() const { return size_; }

  // Bytes of the chunks that hold `rows` records, where none was removed.
  uint64_t BytesFor(uint64_t rows) const;

 private:
  uint64_t RecordsIn(uint64_t chunk_bytes) const;
  // Memory of a chunk of `records` records.
  uint64_t ChunkBytes(uint64_t records) const;

  const uint64_t width_;
  uint64_t size_ = 0;
  std::vector<TableMemory> chunks_;
  // Where the next record goes, and how many fit behind it.
  float* next_ = nullptr;
  uint64_t left_ = 0;
  // The record that was removed last; each holds the address of the one before.
  float* free_ = nullptr;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_ROW_CHUNKS_H_

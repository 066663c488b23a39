#include "server/core/rows/row_chunks.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

namespace paceline::server {
namespace {

TEST_CASE("Records are zeros, lie apart and stay where they are") {
  // Of a few bytes, of an odd size, of more than a chunk.
  for (const uint64_t width : {uint64_t{1}, uint64_t{49}, kChunkBytes / 4 + 3}) {
    INFO("width " << width);
    RowChunks chunks(width);
    // Enough for big chunks.
    const uint64_t count = 3 * kBigChunkBytes / (4 * width) + 1;
    std::vector<float*> records;
    std::set<float*> distinct;
    for (uint64_t i = 0; i < count; ++i) {
      float* const record = chunks.Add();
      records.push_back(record);
      distinct.insert(record);
      for (uint64_t k = 0; k < width; ++k) {
        if (record[k] != 0) FAIL("float " << k << " of record " << i << " is " << record[k]);
        record[k] = static_cast<float>(i);
      }
    }
    CHECK(distinct.size() == count);
    CHECK(chunks.size() == count);
    for (uint64_t i = 0; i < count; ++i) {
      if (records[i][0] != static_cast<float>(i) || records[i][width - 1] != records[i][0]) {
        FAIL("record " << i << " was overwritten");
      }
    }
  }
}

TEST_CASE("Records that were removed are given out again, as zeros") {
  RowChunks chunks(3);
  std::vector<float*> records;
  for (int i = 0; i < 10; ++i) {
    records.push_back(chunks.Add());
    std::fill_n(records.back(), 3, 1.0f);
  }
  chunks.Remove(records[2]);
  chunks.Remove(records[7]);
  chunks.Remove(records[0]);
  CHECK(chunks.size() == 7);
  for (const int i : {0, 7, 2}) {
    float* const record = chunks.Add();
    CHECK(record == records[i]);
    CHECK(std::vector<float>(record, record + 3) == std::vector<float>(3));
  }
  CHECK(chunks.Add() == records[9] + 3);
  CHECK(chunks.size() == 11);
  CHECK(std::vector<float>(records[3], records[3] + 3) == std::vector<float>(3, 1.0f));
}

TEST_CASE("Bytes are those of whole chunks, small ones first") {
  const RowChunks chunks(16);
  const uint64_t in_small = kChunkBytes / 64;
  CHECK(chunks.BytesFor(0) == 0);
  CHECK(chunks.BytesFor(1) == kChunkBytes);
  CHECK(chunks.BytesFor(in_small + 1) == 2 * kChunkBytes);
  CHECK(chunks.BytesFor(kSmallChunks * in_small) == kBigChunkBytes);
  CHECK(chunks.BytesFor(kSmallChunks * in_small + 1) == 2 * kBigChunkBytes);
  // Records of which a big chunk does not hold a whole number.
  const RowChunks odd(kBigChunkBytes / 4 - 1);
  CHECK(odd.BytesFor(kSmallChunks + 1) == (kSmallChunks + 1) * kBigChunkBytes);
}

}  // namespace
}  // namespace paceline::server

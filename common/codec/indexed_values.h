// Some of a tensor's values, each with its index: what TOPK and DELTA send.
//
//   count uint32 indices, ascending and distinct, then count float32 values
//
// Little-endian, without padding.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_CODEC_INDEXED_VALUES_H_
#define PACELINE_COMMON_CODEC_INDEXED_VALUES_H_

#include <cstdint>

#include "absl/types/span.h"

namespace paceline {

// Bytes of `count` such values.
inline uint64_t IndexedBytes(uint64_t count) { return count * (sizeof(uint32_t) + sizeof(float)); }

// Writes IndexedBytes(indices.size()) bytes to `out`, at any address: those of `values`
// that `indices` name, ascending and distinct.
void WriteIndexed(absl::Span<const float> values, absl::Span<const uint32_t> indices, void* out);

// Puts what IndexedBytes(count) bytes hold to its places in `values`. False, with
// `values` as it was, if the indices are not ascending and distinct or go beyond them.
bool ReadIndexed(const void* bytes, uint64_t count, absl::Span<float> values);

}  // namespace paceline

#endif  // PACELINE_COMMON_CODEC_INDEXED_VALUES_H_

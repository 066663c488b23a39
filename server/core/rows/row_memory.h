// Rows of memory that are asked for before they are needed.
#ifndef PACELINE_SERVER_CORE_ROWS_ROW_MEMORY_H_
#define PACELINE_SERVER_CORE_ROWS_ROW_MEMORY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace paceline::server {

// Keys that are looked for beforehand.
inline constexpr size_t kKeysAhead = 32;
// Rows that a loop over rows asks for beforehand.
inline constexpr size_t kRowsAhead = 8;

// A kernel that walks over several long arrays asks for each so far ahead: what the
// processor fetches by itself ends at every page. Past the end nothing happens.
inline constexpr size_t kStreamAheadBytes = 1024;
inline void PrefetchAhead(const void* at) {
  __builtin_prefetch(static_cast<const char*>(at) + kStreamAheadBytes);
}

// Starts to load `count` floats at `floats`, or their first half a KiB: what lies behind
// comes by itself. Null is nothing.
inline void PrefetchFloats(const float* floats, uint64_t count) {
  if (floats == nullptr) return;
  const auto* const bytes = reinterpret_cast<const char*>(floats);
  const uint64_t size = std::min<uint64_t>(count * sizeof(float), 512);
  for (uint64_t at = 0; at < size; at += 64) __builtin_prefetch(bytes + at);
  __builtin_prefetch(bytes + size - 1);
}

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_ROW_MEMORY_H_

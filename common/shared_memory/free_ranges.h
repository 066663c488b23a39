// Which parts of a stretch of memory are free.
//
//   FreeRanges free(bytes);
//   std::optional<uint64_t> offset = free.Take(size);   // the first range that fits
//   free.Return(*offset, size);
//
// Sizes are rounded up to cache lines, so that every range can hold vectors; of the stretch
// itself, what is left behind its last whole line is not given out.
//
// Thread-compatible.
#ifndef PACELINE_COMMON_SHARED_MEMORY_FREE_RANGES_H_
#define PACELINE_COMMON_SHARED_MEMORY_FREE_RANGES_H_

#include <cstdint>
#include <map>
#include <optional>

namespace paceline {

class FreeRanges {
 public:
  explicit FreeRanges(uint64_t bytes) { free_[0] = bytes; }

  // `size` bytes, not 0; nothing if there is no room.
  std::optional<uint64_t> Take(uint64_t size);
  void Return(uint64_t offset, uint64_t size);

 private:
  // Size of each free range by its offset; no two touch.
  std::map<uint64_t, uint64_t> free_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_SHARED_MEMORY_FREE_RANGES_H_

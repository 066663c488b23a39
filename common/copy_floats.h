// Copies of rows: short ones, of which there are many.
#ifndef PACELINE_COMMON_COPY_FLOATS_H_
#define PACELINE_COMMON_COPY_FLOATS_H_

#include <cstdint>
#include <cstring>

namespace paceline {

// Copies `count` floats to memory that does not overlap them. For a short row the call
// of memcpy alone would take longer than its bytes.
inline void CopyFloats(const float* from, std::uint64_t count, float* to) {
  if (count >= 128) {
    std::memcpy(to, from, count * sizeof(float));
    return;
  }
  for (; count >= 8; count -= 8, from += 8, to += 8) std::memcpy(to, from, 8 * sizeof(float));
  if (count & 4) {
    std::memcpy(to, from, 4 * sizeof(float));
    from += 4;
    to += 4;
  }
  if (count & 2) {
    std::memcpy(to, from, 2 * sizeof(float));
    from += 2;
    to += 2;
  }
  if (count & 1) *to = *from;
}

}  // namespace paceline

#endif  // PACELINE_COMMON_COPY_FLOATS_H_

#include "common/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace paceline {

std::uint32_t Crc32c(absl::string_view bytes, std::uint32_t previous) {
  // ISA-L takes an int length, leaves the inversions to us, and takes a pointer
  // to non-const that it does not write through.
  constexpr std::size_t kMaxStep = std::size_t{1} << 30;
  std::uint32_t crc = ~previous;
  while (!bytes.empty()) {
    const std::size_t step = std::min(bytes.size(), kMaxStep);
    auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    crc = crc32_iscsi(data, static_cast<int>(step), crc);
    bytes.remove_prefix(step);
  }
  return ~crc;
}

}  // namespace paceline

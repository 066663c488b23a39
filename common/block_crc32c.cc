#include "common/block_crc32c.h"

#include <algorithm>

#include "common/crc32c.h"

namespace paceline {

void BlockCrc32c::Update(absl::string_view bytes) {
  while (!bytes.empty()) {
    const std::uint64_t filled = bytes_ % kCrcBlockBytes;
    if (filled == 0) blocks_.push_back(0);
    const std::uint64_t count = std::min<std::uint64_t>(kCrcBlockBytes - filled, bytes.size());
    blocks_.back() = Crc32c(bytes.substr(0, count), blocks_.back());
    bytes.remove_prefix(count);
    bytes_ += count;
  }
}

}  // namespace paceline

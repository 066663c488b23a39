// CRC-32C of every block of a stream of bytes: a reader can then trust a piece of a
// file without having read the whole.
//
// Thread-compatible.
#ifndef PACELINE_COMMON_BLOCK_CRC32C_H_
#define PACELINE_COMMON_BLOCK_CRC32C_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

namespace paceline {

// Bytes of a block; the last one of a file is as long as what is left.
inline constexpr std::uint64_t kCrcBlockBytes = std::uint64_t{1} << 20;

class BlockCrc32c {
 public:
  void Update(absl::string_view bytes);

  // Of the blocks so far, the last one as far as it goes.
  const std::vector<std::uint32_t>& blocks() const { return blocks_; }

 private:
  std::vector<std::uint32_t> blocks_;
  std::uint64_t bytes_ = 0;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_BLOCK_CRC32C_H_

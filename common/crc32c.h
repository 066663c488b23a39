// CRC-32C (Castagnoli), as in iSCSI, ext4 and TFRecord; vectorised by ISA-L.
//
//   Crc32c("123456789") == 0xe3069283
//   Crc32c(b, Crc32c(a)) == Crc32c(a + b)
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_CRC32C_H_
#define PACELINE_COMMON_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace paceline {

// The checksum of `bytes`, or of what `previous` covers followed by `bytes`.
std::uint32_t Crc32c(absl::string_view bytes, std::uint32_t previous = 0);

}  // namespace paceline

#endif  // PACELINE_COMMON_CRC32C_H_

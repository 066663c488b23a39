#include "common/hash.h"

#include <xxhash.h>

namespace paceline {

std::uint64_t HashBytes(absl::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace paceline

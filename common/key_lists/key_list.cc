#include "common/key_lists/key_list.h"

#include "common/hash.h"

namespace paceline {

uint64_t KeyListHash(absl::string_view keys) {
  const uint64_t hash = HashBytes(keys);
  // 0 says on the wire that there is no list.
  return hash == 0 ? 1 : hash;
}

}  // namespace paceline

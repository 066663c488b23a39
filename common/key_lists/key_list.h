// Lists of keys that are sent once: what rank and server have to agree upon.
//
// A block of a push or pull names its keys by their hash. A server remembers a rank's
// recent lists, and the rank leaves out the keys of those that it believes are held
// there (docs/wire.md). Only a server's refusal tells for sure that one is not.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_KEY_LISTS_KEY_LIST_H_
#define PACELINE_COMMON_KEY_LISTS_KEY_LIST_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace paceline {

// What a server remembers for a rank at most [bytes, as KeyListBytes counts them].
inline constexpr uint64_t kMostKeyListBytes = uint64_t{8} << 20;

// Fewer keys [number] are cheaper to send than to remember.
inline constexpr uint64_t kLeastListedKeys = 64;

// The name of a list: XXH3 of its keys as they travel (uint64, little-endian); never 0.
uint64_t KeyListHash(absl::string_view keys);

// Memory that a list of so many keys takes: theirs, and what finds it.
constexpr uint64_t KeyListBytes(uint64_t keys) { return keys * sizeof(uint64_t) + 128; }

}  // namespace paceline

#endif  // PACELINE_COMMON_KEY_LISTS_KEY_LIST_H_

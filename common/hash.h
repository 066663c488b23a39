// Hashes whose values never change: they may be stored and sent.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_HASH_H_
#define PACELINE_COMMON_HASH_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace paceline {

// Mixes 64 bits: a bijection in which every input bit moves half of the output
// bits. The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
constexpr std::uint64_t MixBits(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Mixes two numbers; the order matters.
constexpr std::uint64_t MixBits(std::uint64_t a, std::uint64_t b) {
  return MixBits(MixBits(a) ^ b);
}

// XXH3, 64 bits. Not for adversaries.
std::uint64_t HashBytes(absl::string_view bytes, std::uint64_t seed = 0);

}  // namespace paceline

#endif  // PACELINE_COMMON_HASH_H_

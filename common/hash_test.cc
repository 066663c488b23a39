#include "common/hash.h"

#include <bit>
#include <catch2/catch.hpp>

namespace paceline {
namespace {

TEST_CASE("MixBits has the values of SplitMix64") {
  // The reference generator's first outputs from state 0 and after.
  STATIC_REQUIRE(MixBits(0) == 0xe220a8397b1dcdaf);
  STATIC_REQUIRE(MixBits(0x9e3779b97f4a7c15) == 0x6e789e6aa1b965f4);
  STATIC_REQUIRE(MixBits(1, 2) != MixBits(2, 1));
}

TEST_CASE("one input bit moves about half of the output bits") {
  for (int bit = 0; bit < 64; ++bit) {
    int moved = 0;
    for (std::uint64_t x = 0; x < 64; ++x) {
      moved += std::popcount(MixBits(x) ^ MixBits(x ^ (std::uint64_t{1} << bit)));
    }
    CHECK(moved > 64 * 28);
    CHECK(moved < 64 * 36);
  }
}

TEST_CASE("HashBytes has the values of XXH3") {
  REQUIRE(HashBytes("") == 0x2d06800538d394c2);
  REQUIRE(HashBytes("paceline") == HashBytes("paceline"));
  REQUIRE(HashBytes("paceline", 1) != HashBytes("paceline"));
}

}  // namespace
}  // namespace paceline

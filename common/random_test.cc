#include "common/random.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace paceline {
namespace {

TEST_CASE("Philox has the values its authors published") {
  REQUIRE(Philox4x32({0, 0, 0, 0}, {0, 0}) ==
          std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  REQUIRE(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
          std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  REQUIRE(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("every argument matters") {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed : {0ull, 1ull, 1ull << 32}) {
    for (std::uint64_t stream : {0ull, 1ull, 1ull << 32}) {
      for (std::uint64_t index : {0ull, 1ull, 1ull << 32}) {
        seen.insert(RandomBits(seed, stream, index));
      }
    }
  }
  REQUIRE(seen.size() == 27);
}

TEST_CASE("uniform numbers fill [0, 1) evenly") {
  double sum = 0;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) {
    const float x = RandomUniform(1, 2, i);
    REQUIRE(x >= 0.0f);
    REQUIRE(x < 1.0f);
    sum += x;
    REQUIRE(RandomBelow(7, 1, 2, i) < 7);
  }
  REQUIRE(sum / kCount == Approx(0.5).margin(0.005));
  REQUIRE(RandomUniformDouble(1, 2, 3) == Approx(RandomUniform(1, 2, 3)).margin(1e-7));
  REQUIRE(RandomBelow(1, 9, 9, 9) == 0);
}

TEST_CASE("normal numbers have the moments and the shape of a normal distribution") {
  constexpr int kCount = 200000;
  double moments[5] = {};
  int below[3] = {};
  for (int i = 0; i < kCount; ++i) {
    const double x = RandomNormal(3, 4, i);
    for (int k = 1; k <= 4; ++k) moments[k] += std::pow(x, k) / kCount;
    for (int k = 0; k < 3; ++k) below[k] += x < -2.5 + k;
  }
  CHECK(moments[1] == Approx(0).margin(0.01));
  CHECK(moments[2] == Approx(1).margin(0.01));
  CHECK(moments[3] == Approx(0).margin(0.03));
  CHECK(moments[4] == Approx(3).margin(0.06));
  for (int k = 0; k < 3; ++k) {
    CHECK(below[k] / double{kCount} ==
          Approx(0.5 * std::erfc((2.5 - k) / std::sqrt(2.0))).margin(0.002));
  }
}

TEST_CASE("the first normal numbers never change") {
  // Bit patterns: a change here changes every model's initial weights.
  const std::vector<std::uint32_t> expected = {0x3fa03c14, 0x3f92b1a2, 0x3e118328, 0xbfe56989};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(std::bit_cast<std::uint32_t>(RandomNormal(1, 0, i)) == expected[i]);
  }
}

}  // namespace
}  // namespace paceline

#include "common/permutation.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <vector>

namespace paceline {
namespace {

TEST_CASE("every size is permuted, and the inverse goes back") {
  for (std::uint64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 100, 255, 256, 257, 4097}) {
    const Permutation order(n, 42);
    std::vector<bool> hit(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t value = order(i);
      REQUIRE(value < n);
      REQUIRE_FALSE(hit[value]);
      hit[value] = true;
      REQUIRE(order.Inverse(value) == i);
    }
  }
}

TEST_CASE("sizes near 2^64 work without memory") {
  const std::uint64_t n = ~std::uint64_t{0} - 5;
  const Permutation order(n, 7);
  for (std::uint64_t i : {std::uint64_t{0}, std::uint64_t{1}, n / 2, n - 1}) {
    REQUIRE(order(i) < n);
    REQUIRE(order.Inverse(order(i)) == i);
  }
}

TEST_CASE("seeds give different orders, and small ones all of them") {
  std::set<std::vector<std::uint64_t>> orders;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const Permutation order(4, seed);
    orders.insert({order(0), order(1), order(2), order(3)});
  }
  REQUIRE(orders.size() == 24);
}

TEST_CASE("positions are spread evenly over the values") {
  constexpr std::uint64_t kSize = 10;
  int counts[kSize][kSize] = {};
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    const Permutation order(kSize, seed);
    for (std::uint64_t i = 0; i < kSize; ++i) ++counts[i][order(i)];
  }
  for (const auto& row : counts) {
    for (const int count : row) {
      CHECK(count > 380);
      CHECK(count < 620);
    }
  }
}

TEST_CASE("an order never changes") {
  const Permutation order(1000, 1);
  REQUIRE(std::vector<std::uint64_t>{order(0), order(1), order(2), order(999)} ==
          std::vector<std::uint64_t>{143, 616, 583, 113});
}

}  // namespace
}  // namespace paceline

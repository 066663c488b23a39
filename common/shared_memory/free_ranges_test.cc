#include "common/shared_memory/free_ranges.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

namespace paceline {
namespace {

TEST_CASE("the first range that fits is taken, rounded to cache lines") {
  FreeRanges free(256);
  CHECK(free.Take(1) == 0u);
  CHECK(free.Take(65) == 64u);
  CHECK(free.Take(65) == std::nullopt);
  CHECK(free.Take(64) == 192u);
  CHECK(free.Take(1) == std::nullopt);
  free.Return(0, 1);
  CHECK(free.Take(64) == 0u);
}

TEST_CASE("a stretch that ends within a line is given out up to there") {
  FreeRanges free(100);
  CHECK(free.Take(65) == std::nullopt);
  CHECK(free.Take(64) == 0u);
  CHECK(free.Take(1) == std::nullopt);
}

TEST_CASE("ranges that touch become one, whatever comes back first") {
  for (const int first : {0, 1, 2}) {
    FreeRanges free(192);
    for (int i = 0; i < 3; ++i) REQUIRE(free.Take(64).has_value());
    for (int i = 0; i < 3; ++i) free.Return(static_cast<uint64_t>((first + i) % 3) * 64, 64);
    CHECK(free.Take(192) == 0u);
  }
}

TEST_CASE("property: what is taken never overlaps, and all of it comes back") {
  std::mt19937_64 random(7);
  FreeRanges free(1 << 16);
  std::map<uint64_t, uint64_t> taken;
  for (int i = 0; i < 5000; ++i) {
    if (!taken.empty() && random() % 2 == 0) {
      auto range = taken.begin();
      std::advance(range, random() % taken.size());
      free.Return(range->first, range->second);
      taken.erase(range);
      continue;
    }
    const uint64_t size = 1 + random() % 5000;
    const std::optional<uint64_t> offset = free.Take(size);
    if (!offset.has_value()) continue;
    REQUIRE(*offset % 64 == 0);
    REQUIRE(*offset + size <= 1 << 16);
    const auto next = taken.lower_bound(*offset);
    if (next != taken.end()) REQUIRE(*offset + size <= next->first);
    if (next != taken.begin()) {
      const auto before = std::prev(next);
      REQUIRE(before->first + before->second <= *offset);
    }
    taken[*offset] = size;
  }
  for (const auto& [offset, size] : taken) free.Return(offset, size);
  CHECK(free.Take(1 << 16) == 0u);
}

}  // namespace
}  // namespace paceline

#include "server/core/rows/round_images.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <vector>

namespace paceline::server {
namespace {

TEST_CASE("A cursor finds what is held, in jumps of any length") {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    RoundImages images(1);
    std::set<uint64_t> held;
    for (uint32_t i = random() % 300; i > 0; --i) held.insert(random() % 1000);
    images.Start(held.size());
    for (const uint64_t key : held) {
      const float row = static_cast<float>(key);
      images.Append(key, key % 5 == 0 ? nullptr : &row);
    }
    std::set<uint64_t> asked;
    for (uint32_t i = 1 + random() % 300; i > 0; --i) asked.insert(random() % 1000);
    RoundImages::Cursor cursor(images);
    for (const uint64_t key : asked) {
      const RowImage image = cursor.Find(key);
      if (!held.contains(key)) {
        REQUIRE(image.kind == RowImage::kNone);
      } else if (key % 5 == 0) {
        REQUIRE(image.kind == RowImage::kAbsent);
      } else {
        REQUIRE(image.kind == RowImage::kRow);
        REQUIRE(*image.row == static_cast<float>(key));
      }
    }
  }
}

}  // namespace
}  // namespace paceline::server

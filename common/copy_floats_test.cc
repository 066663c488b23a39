#include "common/copy_floats.h"

#include <catch2/catch.hpp>
#include <vector>

namespace paceline {
namespace {

TEST_CASE("Every length is copied, and nothing beside it") {
  for (size_t count = 0; count <= 300; ++count) {
    std::vector<float> from(count + 2, -1);
    for (size_t i = 0; i < count; ++i) from[1 + i] = static_cast<float>(i + 1);
    std::vector<float> to(count + 2, -2);
    CopyFloats(from.data() + 1, count, to.data() + 1);
    REQUIRE(to.front() == -2);
    REQUIRE(to.back() == -2);
    for (size_t i = 1; i <= count; ++i) REQUIRE(to[i] == from[i]);
  }
}

}  // namespace
}  // namespace paceline

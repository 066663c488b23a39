#include "common/buffer.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("buffers are aligned, zero, and zero in their padding") {
  for (std::size_t size : {1, 15, 16, 17, 1000}) {
    const FloatBuffer buffer(size);
    REQUIRE(buffer.size() == size);
    REQUIRE(reinterpret_cast<std::uintptr_t>(buffer.data()) % FloatBuffer::kAlignment == 0);
    for (std::size_t i = 0; i < (size + 15) / 16 * 16; ++i) REQUIRE(buffer.data()[i] == 0.0f);
  }
  REQUIRE(FloatBuffer(0).empty());
  REQUIRE(FloatBuffer().span().empty());
}

TEST_CASE("moving empties, cloning does not") {
  FloatBuffer a(20);
  std::iota(a.begin(), a.end(), 1.0f);
  const FloatBuffer copy = a.Clone();
  const FloatBuffer b = std::move(a);
  REQUIRE(a.empty());  // NOLINT(bugprone-use-after-move)
  REQUIRE(b[19] == 20.0f);
  REQUIRE(copy.span() == b.span());
  REQUIRE(copy.data() != b.data());
  REQUIRE(FloatBuffer().Clone().empty());
}

TEST_CASE("too large a buffer is an error, not a crash") {
  REQUIRE_STATUS(FloatBuffer::Create(std::numeric_limits<std::size_t>::max()),
                 absl::StatusCode::kResourceExhausted, "floats");
}

}  // namespace
}  // namespace paceline

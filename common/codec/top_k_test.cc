#include "common/codec/top_k.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "common/codec/indices_kernels.h"
#include "common/vector_targets.h"

namespace paceline {
namespace {

std::vector<uint32_t> Selected(const std::vector<float>& values, uint64_t k) {
  TopK top_k;
  const absl::Span<const uint32_t> indices = top_k.Select(values, k);
  return {indices.begin(), indices.end()};
}

std::vector<uint32_t> Naive(const std::vector<float>& values, uint64_t k) {
  std::vector<uint32_t> indices(values.size());
  std::iota(indices.begin(), indices.end(), 0u);
  std::stable_sort(indices.begin(), indices.end(), [&](uint32_t a, uint32_t b) {
    return MagnitudeBits(values[a]) > MagnitudeBits(values[b]);
  });
  indices.resize(std::min<uint64_t>(k, indices.size()));
  std::erase_if(indices, [&](uint32_t i) { return values[i] == 0; });
  std::sort(indices.begin(), indices.end());
  return indices;
}

TEST_CASE("how many are sent") {
  CHECK(TopKCount(0.01, 1000) == 10);
  CHECK(TopKCount(0.01, 1001) == 11);
  CHECK(TopKCount(0.01, 1) == 1);
  CHECK(TopKCount(1, 7) == 7);
  CHECK(TopKCount(0.5, 0) == 0);
}

TEST_CASE("the greatest are selected, of equal ones the first") {
  CHECK(Selected({1, -3, 2, 3}, 2) == std::vector<uint32_t>{1, 3});
  CHECK(Selected({1, 1, -1, 1}, 2) == std::vector<uint32_t>{0, 1});
  CHECK(Selected({1, 2}, 5) == std::vector<uint32_t>{0, 1});
  CHECK(Selected({}, 3).empty());
  CHECK(Selected({1, 2}, 0).empty());
}

TEST_CASE("zeros are not sent, what is not finite is, before all others") {
  CHECK(Selected({0, 2, -0.0f, 0}, 3) == std::vector<uint32_t>{1});
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(Selected({1e30f, nan, 5, infinity}, 2) == std::vector<uint32_t>{1, 3});
}

TEST_CASE("any values, any k: as sorting them says, alike at every vector level") {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (const size_t count : {5, 255, 4096, 30'011}) {
    // Spread out, full of ties, mostly zeros, and great ones where no sample may look.
    for (const int kind : {0, 1, 2, 3}) {
      std::vector<float> values(count);
      for (float& value : values) {
        value = normal(random);
        if (kind == 1) value = static_cast<float>(static_cast<int>(random() % 3) - 1);
        if (kind == 2 && random() % 100 != 0) value = 0;
      }
      if (kind == 3) std::fill(values.begin(), values.begin() + count / 40, 9.0f);
      for (const uint64_t k : {size_t{1}, count / 100 + 1, count / 3 + 1, count}) {
        const std::vector<uint32_t> want = Naive(values, k);
        ForEachVectorTarget([&](const char* name) {
          CAPTURE(name, count, kind, k);
          CHECK(Selected(values, k) == want);
        });
      }
    }
  }
}

TEST_CASE("buffers of a greater tensor do not matter to a smaller one") {
  TopK top_k;
  top_k.Select(std::vector<float>(1000, 1), 900);
  const absl::Span<const uint32_t> indices = top_k.Select(std::vector<float>{1, 5, 4}, 2);
  CHECK(std::vector<uint32_t>(indices.begin(), indices.end()) == std::vector<uint32_t>{1, 2});
}

}  // namespace
}  // namespace paceline

#include "server/core/rows/fold.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "common/vector_targets.h"

namespace paceline::server {
namespace {

std::vector<float> Random(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(size);
  for (float& v : values) v = normal(random);
  return values;
}

TEST_CASE("Folds are plain sums in order, on every target") {
  for (const size_t size : {1, 3, 16, 31, 1025}) {
    std::vector<float> want = Random(size, 0);
    for (uint32_t rank = 1; rank < 5; ++rank) {
      const std::vector<float> g = Random(size, rank);
      for (size_t i = 0; i < size; ++i) want[i] += g[i];
    }
    ForEachVectorTarget([&](const char* name) {
      INFO(name << ", size " << size);
      std::vector<float> sum(size, std::numeric_limits<float>::quiet_NaN());
      CHECK(!FoldFirst(ByteView::OfFloats(Random(size, 0)), absl::MakeSpan(sum)));
      for (uint32_t rank = 1; rank < 5; ++rank) {
        CHECK(!Fold(ByteView::OfFloats(Random(size, rank)), absl::MakeSpan(sum)));
      }
      CHECK(sum == want);
    });
  }
}

TEST_CASE("Slices may be cut at every byte") {
  const std::vector<float> g = Random(37, 1);
  const auto* bytes = reinterpret_cast<const uint8_t*>(g.data());
  std::vector<float> want = Random(37, 2);
  for (size_t i = 0; i < 37; ++i) want[i] += g[i];
  for (size_t cut = 0; cut <= 148; ++cut) {
    std::vector<float> sum = Random(37, 2);
    REQUIRE(!Fold(ByteView({{bytes, cut}, {bytes + cut, 148 - cut}}), absl::MakeSpan(sum)));
    REQUIRE(sum == want);
  }
}

TEST_CASE("What is not finite, or would not be, is left out and reported") {
  const float most = std::numeric_limits<float>::max();
  const float poisons[] = {std::numeric_limits<float>::quiet_NaN(), INFINITY, -INFINITY, most};
  ForEachVectorTarget([&](const char* name) {
    for (const float poison : poisons) {
      for (size_t at = 0; at < 37; ++at) {
        INFO(name << ", " << poison << " at " << at);
        std::vector<float> g = Random(37, 1);
        std::vector<float> sum(37, 1);
        sum[at] = most / 2;
        std::vector<float> want(37);
        for (size_t i = 0; i < 37; ++i) want[i] = i == at ? sum[i] : sum[i] + g[i];
        g[at] = poison;
        REQUIRE(Fold(ByteView::OfFloats(g), absl::MakeSpan(sum)) == at);
        REQUIRE(sum == want);
        if (poison == most) continue;
        REQUIRE(FoldFirst(ByteView::OfFloats(g), absl::MakeSpan(sum)) == at);
        REQUIRE(sum[at] == 0);
      }
    }
  });
}

TEST_CASE("A first fold is a fold into zeros, to the bit") {
  const std::vector<float> g = {-0.0f, 0.0f, 1.0f, -1.0f, 1e-45f};
  std::vector<float> zeros(5);
  std::vector<float> first(5, 9);
  Fold(ByteView::OfFloats(g), absl::MakeSpan(zeros));
  FoldFirst(ByteView::OfFloats(g), absl::MakeSpan(first));
  CHECK(std::memcmp(zeros.data(), first.data(), 20) == 0);
}

TEST_CASE("Rows are folded onto theirs, on every target") {
  std::mt19937 random(3);
  for (const uint32_t dim : {1, 7, 16, 33}) {
    // Neighbours and gaps.
    const std::vector<uint32_t> positions = {0, 1, 2, 5, 6, 9};
    std::vector<float> rows(positions.size() * dim);
    for (float& v : rows) v = static_cast<float>(random() % 100);
    std::vector<float> start(10 * dim);
    for (float& v : start) v = static_cast<float>(random() % 100);
    std::vector<float> want = start;
    const size_t bad = 4 * dim + dim / 2;
    rows[bad] = std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i != bad) want[positions[i / dim] * dim + i % dim] += rows[i];
    }
    std::vector<uint8_t> bytes(4 * rows.size() + 1);
    std::memcpy(bytes.data() + 1, rows.data(), 4 * rows.size());
    ForEachVectorTarget([&](const char* name) {
      INFO(name << ", dim " << dim);
      std::vector<float> sums = start;
      CHECK(FoldRows(bytes.data() + 1, positions, dim, sums.data()) == bad);
      CHECK(sums == want);
    });
  }
}

}  // namespace
}  // namespace paceline::server

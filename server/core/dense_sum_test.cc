#include "server/core/dense_sum.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace paceline::server {
namespace {

// Whole pieces and a rest.
constexpr uint64_t kSize = 3 * 8192 + 77;

std::vector<float> Values(uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(kSize);
  for (float& value : values) value = normal(random);
  return values;
}

// In slices that end anywhere, also within a float and within a piece.
Payload Sliced(const std::vector<float>& values) {
  const Payload whole = Payload::Of(
      std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  Payload sliced;
  for (size_t at = 0, size = 30'001; at < whole.size(); at += size) {
    size = std::min(size, whole.size() - at);
    sliced.Append(whole.Slice(at, size));
  }
  return sliced;
}

std::vector<float> Read(DenseSum* sum) {
  std::vector<float> values(sum->size(), -1);
  uint64_t next = 0;
  sum->ForEachFloats([&](const uint8_t* bytes, size_t count, uint64_t first) {
    REQUIRE(first == next);
    std::memcpy(&values[first], bytes, count * sizeof(float));
    next = first + count;
  });
  CHECK(next == sum->size());
  return values;
}

TEST_CASE("the sum has the same bits, whoever of the ranks is deferred") {
  constexpr uint32_t kRanks = 4;
  std::vector<std::vector<float>> gradients;
  std::vector<float> expected(kSize, 0.0f);
  for (uint32_t rank = 0; rank < kRanks; ++rank) {
    gradients.push_back(Values(rank));
    for (uint64_t i = 0; i < kSize; ++i) expected[i] += gradients[rank][i];
  }
  DenseSum sum(kSize);
  for (uint32_t folded = 0; folded <= kRanks; ++folded) {
    CHECK(sum.empty());
    for (uint32_t rank = 0; rank < kRanks; ++rank) {
      if (rank < folded) {
        sum.Fold(rank, Sliced(gradients[rank]).View());
      } else {
        sum.Defer(rank, Sliced(gradients[rank]));
      }
    }
    CHECK_FALSE(sum.empty());
    CHECK(Read(&sum) == expected);
    // It may be read again, and settled after that.
    CHECK(Read(&sum) == expected);
    sum.Settle();
    CHECK(std::vector<float>(sum.values().begin(), sum.values().end()) == expected);
    CHECK(Read(&sum) == expected);
    CHECK_FALSE(sum.masked().has_value());
    sum.Clear();
  }
}

TEST_CASE("a sum of one is 0 + it") {
  DenseSum sum(kSize);
  sum.Defer(0, Sliced(std::vector<float>(kSize, -0.0f)));
  const std::vector<float> read = Read(&sum);
  CHECK(std::none_of(read.begin(), read.end(), [](float value) { return std::signbit(value); }));
}

TEST_CASE("the first value that is not finite is reported: of the first rank that has one") {
  const float kMost = std::numeric_limits<float>::max();
  std::vector<std::vector<float>> gradients(3, std::vector<float>(kSize, 1.0f));
  gradients[1][20'000] = std::nanf("");
  gradients[1][20'001] = kMost;
  // Earlier in the shard, and a rank later; the other makes the sum overflow.
  gradients[2][5] = std::numeric_limits<float>::infinity();
  gradients[2][20'001] = kMost;
  for (uint32_t folded = 0; folded <= 3; ++folded) {
    DenseSum sum(kSize);
    for (uint32_t rank = 0; rank < 3; ++rank) {
      if (rank < folded) {
        sum.Fold(rank, Sliced(gradients[rank]).View());
      } else {
        sum.Defer(rank, Sliced(gradients[rank]));
      }
    }
    const std::vector<float> read = Read(&sum);
    CHECK(read[4] == 3);
    CHECK(read[5] == 2);
    CHECK(read[20'000] == 2);
    CHECK(read[20'001] == 1 + kMost);
    REQUIRE(sum.masked().has_value());
    CHECK(sum.masked()->rank == 1);
    CHECK(sum.masked()->position == 20'000);
  }
}

TEST_CASE("what was deferred is held until it is settled or forgotten") {
  const auto owner = std::make_shared<const std::string>(kSize * sizeof(float), '\0');
  const auto payload = [&] {
    Payload values;
    values.Append({.owner = owner,
                   .bytes = {reinterpret_cast<const uint8_t*>(owner->data()), owner->size()}});
    return values;
  };
  DenseSum sum(kSize);
  sum.Defer(0, payload());
  CHECK(owner.use_count() == 2);
  sum.Settle();
  CHECK(owner.use_count() == 1);
  CHECK_FALSE(sum.empty());
  sum.Clear();
  sum.Defer(0, payload());
  sum.Clear();
  CHECK(owner.use_count() == 1);
  CHECK(sum.empty());
}

}  // namespace
}  // namespace paceline::server

#include "common/codec/indexed_values.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/codec/indices_kernels.h"
#include "common/vector_targets.h"

namespace paceline {
namespace {

std::vector<uint32_t> Changes(const std::vector<float>& before, const std::vector<float>& now) {
  std::vector<uint32_t> indices(now.size() + kIndexPadding);
  indices.resize(
      IndicesOfChanges(before.data(), now.data(), now.size(), now.size(), indices.data()));
  return indices;
}

TEST_CASE("values come to their places, the rest stays") {
  const std::vector<float> values = {1, 2, 3, 4, 5};
  const std::vector<uint32_t> indices = {0, 3, 4};
  // At an odd address.
  std::string bytes(1 + IndexedBytes(3), '\0');
  WriteIndexed(values, indices, bytes.data() + 1);
  CHECK(IndexedBytes(3) == 24);
  std::vector<float> to = {-1, -1, -1, -1, -1};
  CHECK(ReadIndexed(bytes.data() + 1, 3, absl::MakeSpan(to)));
  CHECK(to == std::vector<float>{1, -1, -1, 4, 5});
  WriteIndexed(values, {}, nullptr);
  CHECK(ReadIndexed(nullptr, 0, absl::MakeSpan(to)));
}

TEST_CASE("indices that are not ascending, or go too far, change nothing") {
  const std::vector<std::vector<uint32_t>> wrong = {
      {3, 0}, {2, 2}, {0, 5}, {std::numeric_limits<uint32_t>::max(), 0}};
  for (const std::vector<uint32_t>& indices : wrong) {
    std::string bytes(IndexedBytes(indices.size()), '\1');
    std::copy_n(reinterpret_cast<const char*>(indices.data()), indices.size() * 4, bytes.begin());
    std::vector<float> to(5, -1);
    CHECK_FALSE(ReadIndexed(bytes.data(), indices.size(), absl::MakeSpan(to)));
    CHECK(to == std::vector<float>(5, -1));
  }
}

TEST_CASE("changes are found by their bits, alike at every vector level") {
  std::mt19937 random(4);
  for (const size_t count : {0, 1, 15, 16, 17, 1000}) {
    std::vector<float> before(count, 0.5f);
    std::vector<float> now = before;
    std::vector<uint32_t> want;
    for (size_t i = 0; i < count; ++i) {
      if (random() % 5 != 0) continue;
      now[i] = -0.5f;
      want.push_back(static_cast<uint32_t>(i));
    }
    ForEachVectorTarget([&](const char* name) {
      CAPTURE(name, count);
      CHECK(Changes(before, now) == want);
    });
  }
  CHECK(Changes({0.0f}, {-0.0f}) == std::vector<uint32_t>{0});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(Changes({nan}, {nan}).empty());
}

TEST_CASE("the search for changes gives up beyond the most that help") {
  const std::vector<float> before(1000, 0);
  const std::vector<float> now(1000, 1);
  std::vector<uint32_t> indices(100 + kIndexPadding);
  const uint64_t found = IndicesOfChanges(before.data(), now.data(), 1000, 100, indices.data());
  CHECK(found > 100);
  CHECK(found <= 100 + kIndexPadding);
  CHECK(IndicesOfChanges(before.data(), now.data(), 100, 100, indices.data()) == 100);
}

}  // namespace
}  // namespace paceline

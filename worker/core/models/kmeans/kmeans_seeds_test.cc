#include "worker/core/models/kmeans/kmeans_seeds.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/kmeans/memory_dataset.h"

namespace paceline::worker {
namespace {

using testing::MemoryDataset;

std::vector<float> Noise(uint64_t values, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> noise(values);
  for (float& value : noise) value = normal(random);
  return noise;
}

TEST_CASE("a sample is spread over the data, and is the same for the same seed") {
  const std::vector<uint64_t> all = KMeansSample(4096, 10, 1);
  REQUIRE(all.size() == 4096);
  for (uint64_t i = 0; i < all.size(); ++i) CHECK(all[i] == i);
  const uint64_t records = 1'000'003;
  const std::vector<uint64_t> some = KMeansSample(records, 10, 1);
  REQUIRE(some.size() == 4096);
  for (uint64_t i = 0; i < some.size(); ++i) {
    // Parts of 244 or 245 records.
    const uint64_t before = i == 0 ? 0 : some[i - 1] + 1;
    REQUIRE(some[i] >= before);
    REQUIRE(some[i] < before + 490);
  }
  CHECK(some.back() >= records - 245);
  CHECK(KMeansSample(records, 10, 1) == some);
  CHECK(KMeansSample(records, 10, 2) != some);
  CHECK(KMeansSample(records, 5000, 1).size() == 10'000);
  CHECK(KMeansSample(0, 5, 1).empty());
}

TEST_CASE("seeds are distinct points, the far ones first, the same for the same seed") {
  // Five clouds far from each other.
  std::vector<float> points = Noise(500 * 3, 3);
  for (uint64_t i = 0; i < 500; ++i) points[i * 3] += 1000.0f * static_cast<float>(i % 5);
  std::set<std::vector<uint64_t>> different;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<uint64_t> seeds = KMeansPlusPlus(points, 3, 5, seed);
    std::set<uint64_t> clouds;
    for (const uint64_t at : seeds) clouds.insert(at % 5);
    CHECK(clouds.size() == 5);
    CHECK(KMeansPlusPlus(points, 3, 5, seed) == seeds);
    different.insert(seeds);
  }
  CHECK(different.size() > 15);
  const std::vector<uint64_t> many = KMeansPlusPlus(points, 3, 500, 1);
  CHECK(std::set<uint64_t>(many.begin(), many.end()).size() == 500);
}

TEST_CASE("a point is chosen as often as its squared distance says") {
  // From 0: 1 and 9 have squares 1 and 81. From the others it is as easily reckoned.
  const std::vector<float> points = {0, 1, 9};
  int from_zero = 0;
  int nine = 0;
  for (uint64_t seed = 1; seed <= 4000; ++seed) {
    const std::vector<uint64_t> seeds = KMeansPlusPlus(points, 1, 2, seed);
    if (seeds[0] != 0) continue;
    ++from_zero;
    nine += seeds[1] == 2 ? 1 : 0;
  }
  CHECK(from_zero == Approx(4000.0 / 3).epsilon(0.1));
  CHECK(static_cast<double>(nine) / from_zero == Approx(81.0 / 82).margin(0.01));
}

TEST_CASE("where there are fewer distinct points than clusters, the first comes again") {
  const std::vector<float> points = {5, 7, 7, 5};
  std::vector<uint64_t> seeds = KMeansPlusPlus(points, 1, 4, 1);
  REQUIRE(seeds.size() == 4);
  CHECK(points[seeds[0]] != points[seeds[1]]);
  CHECK(seeds[2] == 0);
  CHECK(seeds[3] == 0);
}

TEST_CASE("centroids are records of the data, in any form, and bad records are none") {
  std::vector<float> points = Noise(1000 * 4, 5);
  for (size_t i = 0; i < points.size(); i += 3) points[i] = 0;
  MemoryDataset dense(points, 4);
  MemoryDataset sparse(points, 4, /*dense=*/false);
  REQUIRE_OK_AND_ASSIGN(const std::vector<float> seeds, KMeansSeeds(&dense, 4, 7, 9));
  REQUIRE(seeds.size() == 28);
  for (uint64_t c = 0; c < 7; ++c) {
    bool found = false;
    for (uint64_t i = 0; i < 1000; ++i) {
      found = found || std::equal(&seeds[c * 4], &seeds[c * 4] + 4, &points[i * 4]);
    }
    CHECK(found);
  }
  REQUIRE_OK_AND_ASSIGN(const std::vector<float> same, KMeansSeeds(&sparse, 4, 7, 9));
  CHECK(same == seeds);
  MemoryDataset holed({1, 2, 3, 4}, 1, true, {1, 3});
  REQUIRE_OK_AND_ASSIGN(std::vector<float> two, KMeansSeeds(&holed, 1, 2, 1));
  std::sort(two.begin(), two.end());
  CHECK(two == std::vector<float>{1, 3});
  CHECK_STATUS(KMeansSeeds(&holed, 1, 3, 1), absl::StatusCode::kInvalidArgument,
               "got 3 clusters of 2 records");
}

}  // namespace
}  // namespace paceline::worker

#include "common/partition/shares.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

namespace paceline {
namespace {

TEST_CASE("shares of small rounds", "[partition]") {
  struct Case {
    uint64_t n;
    uint32_t rank, ranks;
    PositionRange want;
  };
  const Case cases[] = {
      {10, 0, 4, {0, 3}}, {10, 1, 4, {3, 6}}, {10, 2, 4, {6, 8}},    {10, 3, 4, {8, 10}},
      {2, 0, 4, {0, 1}},  {2, 1, 4, {1, 2}},  {2, 2, 4, {2, 2}},     {2, 3, 4, {2, 2}},
      {0, 0, 3, {0, 0}},  {0, 2, 3, {0, 0}},  {256, 0, 1, {0, 256}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.n, c.rank, c.ranks);
    CHECK(ShareOf(c.n, c.rank, c.ranks) == c.want);
  }
}

TEST_CASE("shares cover every position once and differ by at most one", "[partition]") {
  std::mt19937_64 random(1);
  for (int repeat = 0; repeat < 400; ++repeat) {
    const uint32_t ranks = 1 + random() % 1024;
    const uint64_t n =
        repeat % 10 == 0 ? std::numeric_limits<uint64_t>::max() - random() % 5 : random() % 5000;
    CAPTURE(n, ranks);
    uint64_t next = 0;
    uint64_t last_size = std::numeric_limits<uint64_t>::max();
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      const PositionRange share = ShareOf(n, rank, ranks);
      REQUIRE(share.begin == next);
      REQUIRE(share.size() <= last_size);
      REQUIRE(share.size() + 1 >= ShareOf(n, 0, ranks).size());
      next = share.end;
      last_size = share.size();
    }
    REQUIRE(next == n);
  }
}

TEST_CASE("nominal batches and shares of the learning rate", "[partition]") {
  CHECK(NominalBatch(10, 0, 4) == 3);
  CHECK(NominalBatch(10, 3, 4) == 2);
  CHECK(NominalBatch(2, 3, 4) == 0);
  CHECK(RankShare(10, 0, 4) == 0.3);
  CHECK(RankShare(256, 1, 2) == 0.5);
  CHECK(RankShare(1, 0, 1) == 1.0);
  double sum = 0;
  for (uint32_t rank = 0; rank < 7; ++rank) sum += RankShare(64, rank, 7);
  CHECK(sum == Approx(1.0));
}

}  // namespace
}  // namespace paceline

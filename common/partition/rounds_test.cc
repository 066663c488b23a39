#include "common/partition/rounds.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <vector>

#include "common/partition/shares.h"

namespace paceline {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

TEST_CASE("rounds of a small data set", "[partition]") {
  const RoundPlan plan(10, 4);
  CHECK(plan.rounds_per_epoch() == 3);
  CHECK(plan.Round(0) == EpochPositions{0, {0, 4}});
  CHECK(plan.Round(2) == EpochPositions{0, {8, 10}});
  CHECK(plan.Round(3) == EpochPositions{1, {0, 4}});
  CHECK(plan.Round(3'000'002) == EpochPositions{1'000'000, {8, 10}});
  CHECK(plan.Share(0, 1, 2) == EpochPositions{0, {2, 4}});
  CHECK(plan.Share(2, 0, 4) == EpochPositions{0, {8, 9}});
  CHECK(plan.Share(2, 3, 4) == EpochPositions{0, {10, 10}});
  CHECK(RoundPlan(0, 4).rounds_per_epoch() == 0);
  CHECK(RoundPlan(3, 256).Round(5) == EpochPositions{5, {0, 3}});
}

TEST_CASE("number of rounds of a job", "[partition]") {
  struct Case {
    uint64_t records, global_batch, epochs, iterations, want;
  };
  const Case cases[] = {
      {10, 4, 1, 0, 3}, {10, 4, 5, 0, 15},     {10, 4, 5, 7, 7},      {10, 4, 5, 100, 15},
      {10, 4, 0, 7, 7}, {8, 4, 2, 0, 4},       {0, 4, 0, 9, 9},       {0, 4, 3, 0, 0},
      {10, 4, 0, 0, 0}, {kMax, 1, 2, 0, kMax}, {kMax, kMax, 2, 0, 2},
  };
  for (const Case& c : cases) {
    CAPTURE(c.records, c.global_batch, c.epochs, c.iterations);
    CHECK(TotalRounds(c.records, c.global_batch, c.epochs, c.iterations) == c.want);
  }
}

TEST_CASE("every epoch's rounds cover every position once, for any number of ranks",
          "[partition]") {
  std::mt19937_64 random(2);
  for (int repeat = 0; repeat < 500; ++repeat) {
    const uint64_t records = 1 + random() % 300;
    const uint64_t global_batch = 1 + random() % 70;
    const uint32_t ranks = 1 + random() % 9;
    CAPTURE(records, global_batch, ranks);
    const RoundPlan plan(records, global_batch);
    uint64_t round = 0;
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      uint64_t next = 0;
      for (uint64_t i = 0; i < plan.rounds_per_epoch(); ++i, ++round) {
        REQUIRE(plan.Round(round).epoch == epoch);
        REQUIRE(plan.Round(round).positions.begin == next);
        REQUIRE(!plan.Round(round).positions.empty());
        for (uint32_t rank = 0; rank < ranks; ++rank) {
          const EpochPositions share = plan.Share(round, rank, ranks);
          REQUIRE(share.epoch == epoch);
          REQUIRE(share.positions.begin == next);
          next = share.positions.end;
        }
        REQUIRE(plan.Round(round).positions.end == next);
      }
      REQUIRE(next == records);
    }
  }
}

}  // namespace
}  // namespace paceline

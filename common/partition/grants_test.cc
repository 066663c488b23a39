#include "common/partition/grants.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace paceline {
namespace {

v1::Grant MakeGrant(uint32_t number, uint64_t first_iteration, uint64_t epoch, uint64_t first,
                    uint64_t count) {
  v1::Grant grant;
  grant.set_number(number);
  grant.set_first_iteration(first_iteration);
  grant.set_epoch(epoch);
  grant.set_first(first);
  grant.set_count(count);
  return grant;
}

TEST_CASE("iterations walk a grant batch by batch", "[partition]") {
  const std::vector<v1::Grant> grants = {MakeGrant(0, 0, 0, 100, 10), MakeGrant(1, 3, 2, 0, 4)};
  CHECK(GrantedIterations(grants, 4) == 4);
  CHECK(FindGranted(grants, 4, 0) == EpochPositions{0, {100, 104}});
  CHECK(FindGranted(grants, 4, 1) == EpochPositions{0, {104, 108}});
  CHECK(FindGranted(grants, 4, 2) == EpochPositions{0, {108, 110}});
  CHECK(FindGranted(grants, 4, 3) == EpochPositions{2, {0, 4}});
  CHECK(FindGranted(grants, 4, 4) == std::nullopt);
  CHECK(FindGranted({}, 4, 0) == std::nullopt);
  CHECK(GrantedIterations({}, 4) == 0);
  CHECK(GrantIterations(0, 4) == 0);
  CHECK(GrantIterations(4, 4) == 1);
  CHECK(GrantIterations(5, 4) == 2);
}

TEST_CASE("a grant must follow the one before it", "[partition]") {
  const std::vector<v1::Grant> grants = {MakeGrant(0, 0, 0, 0, 10)};
  constexpr uint64_t kBatch = 4;
  constexpr uint64_t kRecords = 20;
  CHECK(CheckNextGrant(grants, MakeGrant(1, 3, 0, 10, 10), kBatch, kRecords).ok());
  CHECK(CheckNextGrant({}, grants[0], kBatch, kRecords).ok());
  struct Case {
    v1::Grant grant;
    std::string error;
  };
  const Case cases[] = {
      {MakeGrant(2, 3, 0, 10, 10), "grant number 1 expected, got 2"},
      {MakeGrant(0, 3, 0, 10, 10), "grant number 1 expected, got 0"},
      {MakeGrant(1, 2, 0, 10, 10), "grant 1: first iteration 3 expected, got 2"},
      {MakeGrant(1, 4, 0, 10, 10), "grant 1: first iteration 3 expected, got 4"},
      {MakeGrant(1, 3, 0, 10, 0), "grant 1: no records"},
      {MakeGrant(1, 3, 0, 20, 1), "grant 1: 1 records from 20 do not lie in a data set of 20"},
      {MakeGrant(1, 3, 0, 11, 10), "grant 1: 10 records from 11 do not lie in a data set of 20"},
      {MakeGrant(1, 3, 0, 1, ~uint64_t{0}),
       "grant 1: 18446744073709551615 records from 1 do not lie in a data set of 20"},
  };
  for (const Case& c : cases) {
    const absl::Status status = CheckNextGrant(grants, c.grant, kBatch, kRecords);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(status.message() == c.error);
  }
}

TEST_CASE("granted iterations are the naive walk over the grants", "[partition]") {
  std::mt19937_64 random(3);
  for (int repeat = 0; repeat < 300; ++repeat) {
    const uint64_t batch = 1 + random() % 20;
    const uint64_t records = 1000;
    std::vector<v1::Grant> grants;
    std::vector<EpochPositions> naive;
    const int count = random() % 20;
    for (int i = 0; i < count; ++i) {
      const uint64_t first = random() % records;
      const uint64_t size = 1 + random() % (records - first);
      v1::Grant grant = MakeGrant(i, naive.size(), random() % 5, first, size);
      REQUIRE(CheckNextGrant(grants, grant, batch, records).ok());
      for (uint64_t at = first; at < first + size; at += batch) {
        naive.push_back({grant.epoch(), {at, std::min(at + batch, first + size)}});
      }
      grants.push_back(grant);
    }
    CAPTURE(repeat, batch, count);
    REQUIRE(GrantedIterations(grants, batch) == naive.size());
    for (uint64_t t = 0; t < naive.size(); ++t) REQUIRE(FindGranted(grants, batch, t) == naive[t]);
    REQUIRE(FindGranted(grants, batch, naive.size()) == std::nullopt);
  }
}

}  // namespace
}  // namespace paceline

#include "server/core/rows/row_limits.h"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

namespace paceline::server {
namespace {

v1::SparseLimits Limits(uint32_t admit, uint64_t evict, uint64_t bytes, v1::OnFull on_full) {
  v1::SparseLimits limits;
  limits.set_admit_after(admit);
  limits.set_evict_after_iterations(evict);
  limits.set_memory_bytes(bytes);
  limits.set_on_full(on_full);
  return limits;
}

TEST_CASE("Without limits nothing waits and nothing goes") {
  for (const RowLimits& limits :
       {RowLimits(), RowLimits(Limits(0, 0, 0, v1::ON_FULL_UNSPECIFIED), {}),
        RowLimits(Limits(1, 0, 0, v1::ON_FULL_EVICT), {})}) {
    CHECK_FALSE(limits.any());
    CHECK_FALSE(limits.admits());
    CHECK_FALSE(limits.evicts());
    CHECK_FALSE(limits.SweepDue(0, 1'000'000));
    CHECK_FALSE(limits.Expired(1'000'000));
  }
}

TEST_CASE("A bucket has its share of the table's memory") {
  const RowLimits fail(Limits(1, 0, 6400, v1::ON_FULL_FAIL), {.number = 3, .count = 64});
  CHECK(fail.any());
  CHECK(fail.share_bytes() == 100);
  // No row goes: none needs to know its age.
  CHECK_FALSE(fail.evicts());
  const RowLimits evict(Limits(1, 0, 6400, v1::ON_FULL_EVICT), {.number = 3, .count = 64});
  CHECK(evict.evicts());
  CHECK(evict.evicts_when_full());
  CHECK_FALSE(evict.Expired(1'000'000));
}

TEST_CASE("Sweeps come every eighth of the age at which rows go") {
  const RowLimits limits(Limits(1, 80, 0, v1::ON_FULL_FAIL), {});
  CHECK(limits.SweepEvery() == 10);
  CHECK_FALSE(limits.Expired(79));
  CHECK(limits.Expired(80));
  for (uint64_t t = 1; t < 100; ++t) CHECK(limits.SweepDue(t - 1, t) == (t % 10 == 0));
  // Where iterations were left out.
  CHECK(limits.SweepDue(11, 20));
  CHECK(limits.SweepDue(11, 55));
  CHECK_FALSE(limits.SweepDue(11, 19));
  CHECK_FALSE(limits.SweepDue(20, 20));
  // Short ones: every iteration.
  CHECK(RowLimits(Limits(1, 3, 0, v1::ON_FULL_FAIL), {}).SweepDue(4, 5));
}

TEST_CASE("Buckets take turns") {
  std::set<uint64_t> first;
  for (uint32_t bucket = 0; bucket < 64; ++bucket) {
    const RowLimits limits(Limits(1, 8 * 640, 0, v1::ON_FULL_FAIL),
                           {.number = bucket, .count = 64});
    std::vector<uint64_t> due;
    for (uint64_t t = 1; t <= 1280; ++t) {
      if (limits.SweepDue(t - 1, t)) due.push_back(t);
    }
    REQUIRE(due.size() == 2);
    CHECK(due[1] - due[0] == 640);
    first.insert(due[0]);
  }
  CHECK(first.size() == 64);
}

}  // namespace
}  // namespace paceline::server

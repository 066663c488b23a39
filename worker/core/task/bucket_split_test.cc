#include "worker/core/task/bucket_split.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "common/status/status_matchers.h"
#include "common/tables/sharding.h"
#include "worker/core/task/layout_fixture.h"

namespace paceline::worker {
namespace {

TEST_CASE("Every key is counted in its bucket") {
  const std::vector<v1::TableSpec> tables = {DenseTable("a", 10, 2), SparseTable("b", 3)};
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(MapOf(tables, 3), tables));
  std::mt19937_64 random(1);
  std::vector<uint64_t> keys(1000);
  for (uint64_t& key : keys) key = random();
  const BucketSplit split = SplitByBucket(layout, 1, keys);
  REQUIRE(split.bucket_of.size() == keys.size());
  std::vector<size_t> counts(kSparseBuckets);
  for (size_t i = 0; i < keys.size(); ++i) {
    REQUIRE(split.bucket_of[i] == BucketOfKey(keys[i], kSparseBuckets));
    ++counts[split.bucket_of[i]];
  }
  CHECK(split.counts == counts);
  CHECK(SplitByBucket(layout, 1, {}).counts == std::vector<size_t>(kSparseBuckets));
}

}  // namespace
}  // namespace paceline::worker

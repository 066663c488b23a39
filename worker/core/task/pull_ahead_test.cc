#include "worker/core/task/pull_ahead.h"

#include <catch2/catch.hpp>

#include "proto/job.pb.h"
#include "worker/core/task/layout_fixture.h"

namespace paceline::worker {
namespace {

// Tables 0: dense with two shards, 1: sparse, 2: dense by delta, 3: dense by bf16.
ShardLayout Layout() {
  // A shard has at most 4 MiB.
  std::vector<v1::TableSpec> tables = {DenseTable("a", 2048, 1024), SparseTable("b", 2),
                                       DenseTable("c", 3, 2), DenseTable("d", 3, 2)};
  tables[2].set_pull_codec(v1::CODEC_DELTA);
  tables[3].set_pull_codec(v1::CODEC_BF16);
  return *ShardLayout::Create(MapOf(tables, 2), tables);
}

uint32_t ShardOf(const ShardLayout& layout, uint32_t table, uint32_t index) {
  return layout.shards(table)[index].shard;
}

TEST_CASE("what can be named and written before the iteration ends is pulled ahead") {
  const ShardLayout layout = Layout();
  CHECK(PulledAhead(layout, 0));
  CHECK_FALSE(PulledAhead(layout, 1));
  CHECK_FALSE(PulledAhead(layout, 2));
  CHECK(PulledAhead(layout, 3));
}

TEST_CASE("behind the last iteration there is nothing to pull for") {
  CHECK(AnotherFollows(4, 6, true));
  CHECK_FALSE(AnotherFollows(5, 6, true));
  // More may come.
  CHECK(AnotherFollows(5, 6, false));
}

TEST_CASE("a push is followed by the pull of its shards, in their order") {
  const ShardLayout layout = Layout();
  REQUIRE(layout.shards(0).size() == 2);
  v1::PushRequest push;
  push.add_blocks()->set_shard(ShardOf(layout, 3, 0));
  push.add_blocks()->set_shard(ShardOf(layout, 0, 1));
  push.add_blocks()->set_shard(ShardOf(layout, 1, 5));
  push.add_blocks()->set_shard(ShardOf(layout, 2, 0));
  push.add_blocks()->set_shard(ShardOf(layout, 0, 0));
  const std::vector<TableNeeds> needs = NeedsAhead(layout, push);
  REQUIRE(needs.size() == 4);
  for (const TableNeeds& need : needs) CHECK_FALSE(need.all);
  CHECK(needs[0].missing == std::vector<uint32_t>{0, 1});
  CHECK(needs[1].missing.empty());
  CHECK(needs[2].missing.empty());
  CHECK(needs[3].missing == std::vector<uint32_t>{0});
}

TEST_CASE("what was not asked for ahead is left") {
  const ShardLayout layout = Layout();
  std::vector<bool> asked(layout.shard_count(), false);
  asked[ShardOf(layout, 0, 1)] = true;
  asked[ShardOf(layout, 3, 0)] = true;
  const std::vector<TableNeeds> needs = NeedsLeft(layout, asked);
  REQUIRE(needs.size() == 4);
  CHECK_FALSE(needs[0].all);
  CHECK(needs[0].missing == std::vector<uint32_t>{0});
  CHECK(needs[1].all);
  CHECK(needs[2].all);
  CHECK_FALSE(needs[3].all);
  CHECK(needs[3].missing.empty());
}

}  // namespace
}  // namespace paceline::worker

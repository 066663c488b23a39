#include "worker/core/task/shard_layout.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "common/status/status_matchers.h"
#include "worker/core/task/layout_fixture.h"

namespace paceline::worker {
namespace {

std::vector<v1::TableSpec> Tables() {
  // 4 rows of 1 MiB to a shard; one shard; 64 buckets.
  return {DenseTable("a", 10, 1 << 18), DenseTable("b", 3, 2), SparseTable("c", 4)};
}

TEST_CASE("A layout lists the shards of each table in order") {
  const v1::ShardMap map = MapOf(Tables(), 3);
  REQUIRE_OK_AND_ASSIGN(const ShardLayout layout, ShardLayout::Create(map, Tables()));
  CHECK(layout.tables() == 3);
  CHECK(layout.servers() == 3);
  CHECK(layout.shard_count() == 3 + 1 + 64);
  CHECK_FALSE(layout.sparse(0));
  CHECK(layout.sparse(2));
  CHECK(layout.dim(2) == 4);
  CHECK(layout.rows(0) == 10);
  CHECK(layout.rows(2) == 0);
  REQUIRE(layout.shards(0).size() == 3);
  CHECK(layout.shards(0)[2].first_row == 8);
  CHECK(layout.shards(0)[2].rows == 2);
  CHECK(layout.shards(0)[2].server == 2);
  REQUIRE(layout.shards(2).size() == 64);
  CHECK(layout.shards(2)[5].bucket == 5);
  CHECK(layout.shards(2)[5].shard == 4 + 5);
  for (uint64_t key = 0; key < 1000; ++key) CHECK(layout.BucketOf(2, key) == BucketOfKey(key, 64));
}

TEST_CASE("A layout knows whether any table's codec asks something of the rank") {
  const auto layout_with = [](v1::Codec push, v1::Codec pull) {
    std::vector<v1::TableSpec> tables = Tables();
    tables[1].set_push_codec(push);
    tables[1].set_pull_codec(pull);
    auto layout = ShardLayout::Create(MapOf(tables, 1), tables);
    REQUIRE_OK(layout.status());
    return *std::move(layout);
  };
  const ShardLayout plain = layout_with(v1::CODEC_BF16, v1::CODEC_DELTA);
  CHECK_FALSE(plain.pushes_auto());
  CHECK_FALSE(plain.pulls_auto());
  CHECK_FALSE(plain.leaves_residuals());
  CHECK(layout_with(v1::CODEC_AUTO, v1::CODEC_FLOAT32).pushes_auto());
  CHECK_FALSE(layout_with(v1::CODEC_AUTO, v1::CODEC_FLOAT32).pulls_auto());
  CHECK(layout_with(v1::CODEC_FLOAT32, v1::CODEC_AUTO).pulls_auto());
  CHECK(layout_with(v1::CODEC_TOPK, v1::CODEC_FLOAT32).leaves_residuals());
  CHECK(layout_with(v1::CODEC_ONEBIT, v1::CODEC_FLOAT32).leaves_residuals());
}

TEST_CASE("A map that does not fit the model is refused") {
  struct Case {
    std::string name;
    std::function<void(v1::ShardMap*)> spoil;
    std::string message;
  };
  const Case cases[] = {
      {"a table more", [](v1::ShardMap* m) { *m->add_tables() = DenseTable("d", 1, 1); },
       "the model has 3 tables, the map 4"},
      {"another name", [](v1::ShardMap* m) { m->mutable_tables(1)->set_name("bb"); }, "'bb'"},
      {"another kind",
       [](v1::ShardMap* m) { m->mutable_tables(1)->set_kind(v1::TABLE_KIND_SPARSE); }, "table 1"},
      {"another dim", [](v1::ShardMap* m) { m->mutable_tables(1)->set_dim(3); }, "dim 3"},
      {"other rows", [](v1::ShardMap* m) { m->mutable_tables(0)->set_rows(9); }, "9 rows"},
      {"a gap", [](v1::ShardMap* m) { m->mutable_shards(1)->set_first_row(5); }, ""},
      {"a shard too few", [](v1::ShardMap* m) { m->mutable_shards()->RemoveLast(); }, ""},
      {"no such server", [](v1::ShardMap* m) { m->mutable_shards(1)->set_server(9); },
       "shard 1: a server below 2 expected, got 9"},
      {"no servers", [](v1::ShardMap* m) { m->clear_servers(); }, "at least one server"},
  };
  for (const Case& c : cases) {
    DYNAMIC_SECTION(c.name) {
      v1::ShardMap map = MapOf(Tables(), 2);
      c.spoil(&map);
      CHECK_STATUS(ShardLayout::Create(map, Tables()).status(), absl::StatusCode::kInvalidArgument,
                   c.message);
    }
  }
}

}  // namespace
}  // namespace paceline::worker

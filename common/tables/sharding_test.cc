#include "common/tables/sharding.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status_matchers.h"
#include "common/tables/slots.h"

namespace paceline {
namespace {

v1::TableSpec Dense(const std::string& name, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(v1::TABLE_KIND_DENSE);
  table.set_rows(rows);
  table.set_dim(dim);
  return table;
}

v1::TableSpec Sparse(const std::string& name, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(v1::TABLE_KIND_SPARSE);
  table.set_dim(dim);
  return table;
}

v1::ShardMap Map(const std::vector<v1::TableSpec>& tables) {
  v1::ShardMap map;
  for (const v1::TableSpec& table : tables) *map.add_tables() = table;
  const auto shards = CutTables(tables);
  REQUIRE_OK(shards);
  for (const v1::ShardSpec& shard : *shards) *map.add_shards() = shard;
  return map;
}

TEST_CASE("Slots are named in order") {
  struct Case {
    v1::OptimizerKind kind;
    std::vector<std::string_view> names;
    bool counts;
  };
  const Case cases[] = {
      {v1::OPTIMIZER_KIND_UNSPECIFIED, {}, false},
      {v1::OPTIMIZER_KIND_SGD, {}, false},
      {v1::OPTIMIZER_KIND_MOMENTUM, {"momentum"}, false},
      {v1::OPTIMIZER_KIND_ADAGRAD, {"sum"}, false},
      {v1::OPTIMIZER_KIND_RMSPROP, {"mean_square"}, false},
      {v1::OPTIMIZER_KIND_ADAM, {"m", "v"}, true},
      {v1::OPTIMIZER_KIND_ADAMW, {"m", "v"}, true},
      {v1::OPTIMIZER_KIND_FTRL, {"z", "n"}, false},
      {v1::OPTIMIZER_KIND_ADD, {}, false},
      {v1::OPTIMIZER_KIND_SUM, {}, false},
  };
  for (const Case& c : cases) {
    const auto names = SlotNames(c.kind);
    CHECK(std::vector<std::string_view>(names.begin(), names.end()) == c.names);
    CHECK(names.size() <= kMaxSlots);
    CHECK(CountsSteps(c.kind) == c.counts);
  }
}

TEST_CASE("Rows per shard fill 4 MiB") {
  CHECK(RowsPerShard(1) == 1 << 20);
  CHECK(RowsPerShard(3) == (1 << 20) / 3);
  CHECK(RowsPerShard(1 << 20) == 1);
  CHECK(RowsPerShard((1 << 20) + 1) == 1);
  CHECK(RowsPerShard(kMaxDim) == 1);
}

TEST_CASE("Dense tables are cut into row ranges that cover them") {
  struct Case {
    uint64_t rows;
    uint32_t dim;
    uint64_t shards;
  };
  const Case cases[] = {
      {1, 1, 1},       {1 << 20, 1, 1}, {(1 << 20) + 1, 1, 2}, {784, 256, 1},   {5'000'000, 1, 5},
      {4096, 1024, 4}, {4097, 1024, 5}, {3, 1 << 20, 3},       {2, kMaxDim, 2},
  };
  for (const Case& c : cases) {
    INFO(c.rows << " x " << c.dim);
    const v1::TableSpec table = Dense("a", c.rows, c.dim);
    REQUIRE_OK_AND_ASSIGN(const auto shards, CutTables({table}));
    CHECK(shards.size() == c.shards);
    uint64_t next = 0;
    uint64_t bytes = 0;
    for (const v1::ShardSpec& shard : shards) {
      CHECK(shard.first_row() == next);
      CHECK(shard.rows() >= 1);
      CHECK((shard.rows() * c.dim * 4 <= kMaxShardBytes || shard.rows() == 1));
      next += shard.rows();
      bytes += ShardBytes(table, shard);
    }
    CHECK(next == c.rows);
    CHECK(bytes == c.rows * c.dim * 4);
  }
}

TEST_CASE("Shard ids run over tables in order, then rows or buckets") {
  REQUIRE_OK_AND_ASSIGN(const auto shards,
                        CutTables({Dense("a", 3'000'000, 1), Sparse("b", 8), Dense("c", 1, 1)}));
  REQUIRE(shards.size() == 3 + kSparseBuckets + 1);
  for (uint32_t i = 0; i < shards.size(); ++i) CHECK(shards[i].shard() == i);
  CHECK(shards[2].table() == 0);
  CHECK(shards[3].table() == 1);
  CHECK(shards[3].bucket() == 0);
  CHECK(shards[3 + kSparseBuckets - 1].bucket() == kSparseBuckets - 1);
  CHECK(shards[3 + kSparseBuckets - 1].buckets() == kSparseBuckets);
  CHECK(shards.back().table() == 2);
  CHECK(shards.back().rows() == 1);
}

TEST_CASE("Bytes of a shard count the optimizer's slots") {
  v1::TableSpec table = Dense("a", 10, 7);
  REQUIRE_OK_AND_ASSIGN(const auto shards, CutTables({table}));
  CHECK(ShardBytes(table, shards[0]) == 10 * 7 * 4);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_MOMENTUM);
  CHECK(ShardBytes(table, shards[0]) == 2 * 10 * 7 * 4);
  table.mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
  CHECK(ShardBytes(table, shards[0]) == 3 * 10 * 7 * 4);
  const v1::TableSpec sparse = Sparse("b", 7);
  REQUIRE_OK_AND_ASSIGN(const auto buckets, CutTables({sparse}));
  CHECK(ShardBytes(sparse, buckets[0]) == kAssumedRowsPerBucket * 7 * 4);
}

TEST_CASE("Keys spread over the buckets, always the same way") {
  std::vector<int> counts(kSparseBuckets);
  for (uint64_t key = 0; key < 64'000; ++key) ++counts[BucketOfKey(key, kSparseBuckets)];
  for (const int count : counts) {
    CHECK(count > 850);
    CHECK(count < 1150);
  }
  CHECK(BucketOfKey(12345, 1) == 0);
  // Stored in cuts: must never change.
  CHECK(BucketOfKey(0, 64) == 47);
  CHECK(BucketOfKey(1, 64) == 1);
  CHECK(BucketOfKey(uint64_t{1} << 63, 64) == 27);
}

TEST_CASE("Tables that cannot be cut are named") {
  struct Case {
    v1::TableSpec table;
    std::string part;
  };
  v1::TableSpec no_kind = Dense("k", 1, 1);
  no_kind.set_kind(v1::TABLE_KIND_UNSPECIFIED);
  v1::TableSpec sparse_rows = Sparse("s", 1);
  sparse_rows.set_rows(5);
  const Case cases[] = {
      {Dense("", 1, 1), "name is required"},
      {no_kind, "\"k\": kind must be dense or sparse"},
      {Dense("d", 1, 0), "\"d\": dim must be 1 to"},
      {Dense("d", 1, kMaxDim + 1), "\"d\": dim must be 1 to"},
      {Dense("r", 0, 1), "\"r\": rows must be 1 to"},
      {Dense("r", kMaxRows + 1, 1), "\"r\": rows must be 1 to"},
      {sparse_rows, "\"s\": rows of a sparse table must be 0, got 5"},
  };
  for (const Case& c : cases) {
    CHECK_STATUS(ValidateTable(c.table), absl::StatusCode::kInvalidArgument, c.part);
    CHECK_STATUS(CutTables({c.table}), absl::StatusCode::kInvalidArgument, c.part);
  }
  CHECK_STATUS(CutTables({Dense("b", 1, 1), Dense("a", 1, 1)}), absl::StatusCode::kInvalidArgument,
               "\"a\" follows \"b\"");
  CHECK_STATUS(CutTables({Dense("a", 1, 1), Sparse("a", 1)}), absl::StatusCode::kInvalidArgument,
               "distinct");
  CHECK_STATUS(CutTables({Dense("a", kMaxRows, kMaxDim)}), absl::StatusCode::kResourceExhausted,
               "\"a\" brings the job to");
}

TEST_CASE("An index finds the shard of every row and key") {
  const v1::ShardMap map = Map({Dense("a", 2'500'000, 1), Sparse("b", 8), Dense("c", 5000, 1024)});
  REQUIRE_OK_AND_ASSIGN(const ShardIndex index, ShardIndex::Create(map));
  CHECK(index.ShardsOfTable(0).first == 0);
  CHECK(index.ShardsOfTable(0).count == 3);
  CHECK(index.ShardsOfTable(1).first == 3);
  CHECK(index.ShardsOfTable(1).count == kSparseBuckets);
  for (const v1::ShardSpec& shard : map.shards()) {
    if (shard.rows() == 0) continue;
    CHECK(index.ShardOfRow(shard.table(), shard.first_row()) == shard.shard());
    CHECK(index.ShardOfRow(shard.table(), shard.first_row() + shard.rows() - 1) == shard.shard());
  }
  for (uint64_t key = 0; key < 1000; ++key) {
    const v1::ShardSpec& shard = map.shards(index.ShardOfKey(1, key));
    CHECK(shard.table() == 1);
    CHECK(shard.bucket() == BucketOfKey(key, shard.buckets()));
  }
}

TEST_CASE("A map with other shards is refused") {
  const v1::ShardMap good = Map({Dense("a", 2'500'000, 1), Sparse("b", 8)});
  REQUIRE_OK(ShardIndex::Create(good));
  v1::ShardMap placed = good;
  placed.mutable_shards(1)->set_server(1);
  REQUIRE_OK(ShardIndex::Create(placed));

  v1::ShardMap few = good;
  few.mutable_shards()->RemoveLast();
  CHECK_STATUS(ShardIndex::Create(few), absl::StatusCode::kInvalidArgument, "67 shards expected");
  v1::ShardMap moved = good;
  moved.mutable_shards(1)->set_first_row(7);
  CHECK_STATUS(ShardIndex::Create(moved), absl::StatusCode::kInvalidArgument, "shard 1: expected");
  v1::ShardMap buckets = good;
  buckets.mutable_shards(10)->set_buckets(32);
  CHECK_STATUS(ShardIndex::Create(buckets), absl::StatusCode::kInvalidArgument, "shard 10");
  v1::ShardMap order = good;
  order.mutable_tables()->SwapElements(0, 1);
  CHECK_STATUS(ShardIndex::Create(order), absl::StatusCode::kInvalidArgument, "name order");
}

}  // namespace
}  // namespace paceline

#include "server/io/weights_reader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/fs_memory.h"
#include "common/safetensors.h"
#include "common/status/status_macros.h"
#include "common/status/status_matchers.h"
#include "common/tables/sharding.h"
#include "proto/node.pb.h"

namespace paceline::server {
namespace {

constexpr char kFile[] = "/w.safetensors";

template <typename T>
absl::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

v1::TableSpec Table(const std::string& name, v1::TableKind kind, uint64_t rows, uint32_t dim) {
  v1::TableSpec table;
  table.set_name(name);
  table.set_kind(kind);
  table.set_rows(rows);
  table.set_dim(dim);
  return table;
}

// A file of a dense table "a" [3, 2] and a sparse one "b" of rows of one value, and
// the order of a server that holds all of them.
struct Weights {
  MemoryFileSystem fs;
  v1::ServerJobOrder order;
  std::vector<float> rows = {1, 2, 3, 4, 5, 6};
  std::vector<uint64_t> keys = {1, 5, 9, 1000000};
  std::vector<float> values = {0.5F, 1.5F, 2.5F, 3.5F};

  Weights() {
    order.set_ranks(2);
    order.mutable_restore()->set_weights_file(kFile);
    v1::ShardMap* map = order.mutable_map();
    *map->add_tables() = Table("a", v1::TABLE_KIND_DENSE, 3, 2);
    *map->add_tables() = Table("b", v1::TABLE_KIND_SPARSE, 0, 1);
    *map->add_tables() = Table("c", v1::TABLE_KIND_DENSE, 4, 1);
    REQUIRE_OK_AND_ASSIGN(const auto shards, CutTables(std::vector<v1::TableSpec>(
                                                 map->tables().begin(), map->tables().end())));
    for (const v1::ShardSpec& shard : shards) *map->add_shards() = shard;
    map->add_servers()->set_node_id(7);
  }
  void Write() {
    auto file = SafetensorsWriter::Create(fs, kFile,
                                          {{"a", DType::kF32, {rows.size() / 2, 2}},
                                           {"b.keys", DType::kU64, {keys.size()}},
                                           {"b.rows", DType::kF32, {values.size(), 1}}},
                                          {});
    REQUIRE_OK(file.status());
    REQUIRE_OK((*file)->Append("a", BytesOf(rows)));
    REQUIRE_OK((*file)->Append("b.keys", BytesOf(keys)));
    REQUIRE_OK((*file)->Append("b.rows", BytesOf(values)));
    REQUIRE_OK((*file)->Finish());
  }
  // The first error of any shard.
  absl::Status ReadAll() {
    WeightsReader reader(&fs, order, 7, nullptr);
    for (const v1::ShardSpec& shard : order.map().shards()) {
      PL_RETURN_IF_ERROR(
          reader.Read(order.map().tables(static_cast<int>(shard.table())), shard).status());
    }
    return absl::OkStatus();
  }
};

TEST_CASE("Every row of a file of weights comes into its shard, and nothing else does") {
  Weights w;
  w.Write();
  WeightsReader reader(&w.fs, w.order, 7, nullptr);
  std::vector<uint64_t> keys;
  for (const v1::ShardSpec& shard : w.order.map().shards()) {
    const v1::TableSpec& table = w.order.map().tables(static_cast<int>(shard.table()));
    REQUIRE_OK_AND_ASSIGN(const auto state, reader.Read(table, shard));
    if (table.name() == "c") {
      CHECK_FALSE(state.has_value());
      continue;
    }
    REQUIRE(state.has_value());
    CHECK(state->progress == std::vector<uint64_t>{0, 0});
    CHECK(state->steps == 0);
    if (table.name() == "a") {
      const auto& dense = std::get<DenseSnapshot>(state->rows);
      CHECK(std::vector<float>(dense.rows->floats().begin(), dense.rows->floats().end()) == w.rows);
      CHECK(dense.slots.empty());
      continue;
    }
    const auto& sparse = std::get<SparseSnapshot>(state->rows);
    REQUIRE(sparse.rows.size() == sparse.keys.size());
    for (size_t i = 0; i < sparse.keys.size(); ++i) {
      CHECK(BucketOfKey(sparse.keys[i], shard.buckets()) == shard.bucket());
      const auto at = std::find(w.keys.begin(), w.keys.end(), sparse.keys[i]) - w.keys.begin();
      CHECK(sparse.rows[i] == w.values[static_cast<size_t>(at)]);
      keys.push_back(sparse.keys[i]);
    }
  }
  std::sort(keys.begin(), keys.end());
  CHECK(keys == w.keys);
}

TEST_CASE("A file of weights that does not fit is refused, saying what was expected") {
  Weights w;
  SECTION("no file") { CHECK_STATUS(w.ReadAll(), absl::StatusCode::kNotFound, kFile); }
  SECTION("not a safetensors file") {
    REQUIRE_OK(WriteFileDurably(w.fs, kFile, "hello, weights"));
    CHECK_STATUS(w.ReadAll(), absl::StatusCode::kInvalidArgument, kFile);
  }
  SECTION("a dense table of another shape") {
    w.rows.resize(4);
    w.Write();
    CHECK_STATUS(w.ReadAll(), absl::StatusCode::kInvalidArgument,
                 "tensor a: F32 [3, 2] expected, got F32 [2, 2]");
  }
  SECTION("fewer rows than keys") {
    w.values.resize(3);
    w.Write();
    CHECK_STATUS(w.ReadAll(), absl::StatusCode::kInvalidArgument,
                 "tensor b.rows: F32 [4, 1] expected, got F32 [3, 1]");
  }
  SECTION("keys that do not ascend") {
    w.keys[2] = 5;
    w.Write();
    CHECK_STATUS(w.ReadAll(), absl::StatusCode::kInvalidArgument,
                 "tensor b.keys, entry 2: a key greater than 5 expected, got 5");
  }
  SECTION("a value that is not finite") {
    w.rows[3] = std::numeric_limits<float>::quiet_NaN();
    w.Write();
    CHECK_STATUS(w.ReadAll(), absl::StatusCode::kInvalidArgument,
                 "tensor a, row 1, column 1: a finite number expected, got nan");
  }
}

}  // namespace
}  // namespace paceline::server

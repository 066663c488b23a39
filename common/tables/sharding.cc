#include "common/tables/sharding.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"
#include "common/tables/slots.h"

namespace paceline {
namespace {

uint64_t DivideUp(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

// `table` is valid.
uint64_t ShardCount(const v1::TableSpec& table) {
  if (table.kind() == v1::TABLE_KIND_SPARSE) return kSparseBuckets;
  return DivideUp(table.rows(), RowsPerShard(table.dim()));
}

template <typename Tables>
absl::StatusOr<std::vector<v1::ShardSpec>> Cut(const Tables& tables) {
  uint64_t count = 0;
  const std::string* last = nullptr;
  for (const v1::TableSpec& table : tables) {
    PL_RETURN_IF_ERROR(ValidateTable(table));
    if (last != nullptr && *last >= table.name()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tables must be in name order and distinct: \"", table.name(),
                       "\" follows \"", *last, "\""));
    }
    last = &table.name();
    count += ShardCount(table);
    if (count > kMaxShards) {
      return absl::ResourceExhaustedError(
          absl::StrCat("table \"", table.name(), "\" brings the job to ", count,
                       " shards; at most ", kMaxShards, " are possible"));
    }
  }
  std::vector<v1::ShardSpec> shards;
  shards.reserve(count);
  uint32_t index = 0;
  for (const v1::TableSpec& table : tables) {
    const uint64_t of_table = ShardCount(table);
    const uint64_t rows_per_shard = RowsPerShard(table.dim());
    for (uint64_t i = 0; i < of_table; ++i) {
      v1::ShardSpec& shard = shards.emplace_back();
      shard.set_shard(static_cast<uint32_t>(shards.size() - 1));
      shard.set_table(index);
      if (table.kind() == v1::TABLE_KIND_SPARSE) {
        shard.set_bucket(static_cast<uint32_t>(i));
        shard.set_buckets(kSparseBuckets);
      } else {
        shard.set_first_row(i * rows_per_shard);
        shard.set_rows(std::min(rows_per_shard, table.rows() - i * rows_per_shard));
      }
    }
    ++index;
  }
  return shards;
}

}  // namespace

uint64_t RowsPerShard(uint32_t dim) {
  PL_CHECK_GE(dim, 1);
  return std::max<uint64_t>(1, kMaxShardBytes / (sizeof(float) * dim));
}

absl::Status ValidateTable(const v1::TableSpec& table) {
  const auto wrong = [&](const auto&... what) {
    return absl::InvalidArgumentError(absl::StrCat("table \"", table.name(), "\": ", what...));
  };
  if (table.name().empty()) return wrong("a name is required");
  if (table.kind() != v1::TABLE_KIND_DENSE && table.kind() != v1::TABLE_KIND_SPARSE) {
    return wrong("kind must be dense or sparse, got ", static_cast<int>(table.kind()));
  }
  if (table.dim() < 1 || table.dim() > kMaxDim) {
    return wrong("dim must be 1 to ", kMaxDim, ", got ", table.dim());
  }
  const bool dense = table.kind() == v1::TABLE_KIND_DENSE;
  if (dense && (table.rows() < 1 || table.rows() > kMaxRows)) {
    return wrong("rows must be 1 to ", kMaxRows, ", got ", table.rows());
  }
  if (!dense && table.rows() != 0) {
    return wrong("rows of a sparse table must be 0, got ", table.rows());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::ShardSpec>> CutTables(absl::Span<const v1::TableSpec> tables) {
  return Cut(tables);
}

uint64_t ShardBytes(const v1::TableSpec& table, const v1::ShardSpec& shard) {
  const uint64_t rows =
      table.kind() == v1::TABLE_KIND_SPARSE ? kAssumedRowsPerBucket : shard.rows();
  const uint64_t copies = 1 + SlotNames(table.optimizer().kind()).size();
  return rows * table.dim() * copies * sizeof(float);
}

absl::StatusOr<ShardIndex> ShardIndex::Create(const v1::ShardMap& map) {
  PL_ASSIGN_OR_RETURN(const std::vector<v1::ShardSpec> cut, Cut(map.tables()));
  if (cut.size() != static_cast<size_t>(map.shards_size())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "shard map: ", cut.size(), " shards expected of its tables, got ", map.shards_size()));
  }
  ShardIndex index;
  for (const v1::TableSpec& table : map.tables()) {
    Table& entry = index.tables_.emplace_back();
    entry.dense = table.kind() == v1::TABLE_KIND_DENSE;
    entry.rows_per_shard = RowsPerShard(table.dim());
    entry.rows = table.rows();
  }
  for (size_t i = 0; i < cut.size(); ++i) {
    const v1::ShardSpec& want = cut[i];
    const v1::ShardSpec& got = map.shards(static_cast<int>(i));
    if (got.shard() != want.shard() || got.table() != want.table() ||
        got.first_row() != want.first_row() || got.rows() != want.rows() ||
        got.bucket() != want.bucket() || got.buckets() != want.buckets()) {
      return absl::InvalidArgumentError(absl::StrCat("shard map: shard ", i, ": expected {",
                                                     want.ShortDebugString(), "}, got {",
                                                     got.ShortDebugString(), "}"));
    }
    Range& range = index.tables_[want.table()].shards;
    if (range.count++ == 0) range.first = want.shard();
  }
  return index;
}

ShardIndex::Range ShardIndex::ShardsOfTable(int table) const { return tables_.at(table).shards; }

uint32_t ShardIndex::ShardOfRow(int table, uint64_t row) const {
  const Table& entry = tables_.at(table);
  PL_CHECK(entry.dense) << "table " << table;
  PL_CHECK_LT(row, entry.rows) << "table " << table;
  return entry.shards.first + static_cast<uint32_t>(row / entry.rows_per_shard);
}

uint32_t ShardIndex::ShardOfKey(int table, uint64_t key) const {
  const Table& entry = tables_.at(table);
  PL_CHECK(!entry.dense) << "table " << table;
  return entry.shards.first + BucketOfKey(key, entry.shards.count);
}

}  // namespace paceline

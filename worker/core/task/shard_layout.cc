#include "worker/core/task/shard_layout.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/codec/codec.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

std::string Shape(const v1::TableSpec& table) {
  return absl::StrCat("'", table.name(), "' (", v1::TableKind_Name(table.kind()), ", ",
                      table.rows(), " rows, dim ", table.dim(), ")");
}

v1::Codec KnownOrFloat32(v1::Codec codec) {
  return codec == v1::CODEC_UNSPECIFIED ? v1::CODEC_FLOAT32 : codec;
}

absl::Status CheckTables(const v1::ShardMap& map, absl::Span<const v1::TableSpec> tables) {
  if (map.tables_size() != static_cast<int>(tables.size())) {
    return absl::InvalidArgumentError(absl::StrCat("shard map: the model has ", tables.size(),
                                                   " tables, the map ", map.tables_size()));
  }
  for (int t = 0; t < map.tables_size(); ++t) {
    const v1::TableSpec& mine = tables[t];
    const v1::TableSpec& given = map.tables(t);
    if (mine.name() != given.name() || mine.kind() != given.kind() || mine.dim() != given.dim() ||
        mine.rows() != given.rows()) {
      return absl::InvalidArgumentError(absl::StrCat("shard map, table ", t, ": the model has ",
                                                     Shape(mine), ", the map ", Shape(given)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ShardLayout> ShardLayout::Create(const v1::ShardMap& map,
                                                absl::Span<const v1::TableSpec> tables) {
  PL_RETURN_IF_ERROR(CheckTables(map, tables));
  // Checks that the shards are those that the tables are cut into.
  PL_RETURN_IF_ERROR(ShardIndex::Create(map).status());
  if (map.servers_size() == 0) {
    return absl::InvalidArgumentError("shard map: at least one server expected, got none");
  }
  ShardLayout layout;
  layout.servers_ = static_cast<uint32_t>(map.servers_size());
  layout.places_.resize(map.shards_size());
  layout.tables_.resize(tables.size());
  for (size_t t = 0; t < tables.size(); ++t) {
    Table& table = layout.tables_[t];
    table.sparse = tables[t].kind() == v1::TABLE_KIND_SPARSE;
    table.dim = tables[t].dim();
    table.rows = table.sparse ? 0 : tables[t].rows();
    table.push_codec = KnownOrFloat32(tables[t].push_codec());
    table.pull_codec = KnownOrFloat32(tables[t].pull_codec());
    table.topk_ratio = tables[t].topk_ratio();
    table.topk_momentum = tables[t].topk_momentum();
    layout.pushes_auto_ |= table.push_codec == v1::CODEC_AUTO;
    layout.pulls_auto_ |= table.pull_codec == v1::CODEC_AUTO;
    layout.leaves_residuals_ |= LeavesResidual(table.push_codec);
  }
  for (const v1::ShardSpec& spec : map.shards()) {
    if (spec.server() >= layout.servers_) {
      return absl::InvalidArgumentError(absl::StrCat("shard ", spec.shard(), ": a server below ",
                                                     layout.servers_, " expected, got ",
                                                     spec.server()));
    }
    LayoutShard shard;
    shard.shard = spec.shard();
    shard.server = spec.server();
    shard.first_row = spec.first_row();
    shard.rows = spec.rows();
    shard.bucket = spec.bucket();
    std::vector<LayoutShard>& shards = layout.tables_[spec.table()].shards;
    layout.places_[spec.shard()] = {spec.table(), static_cast<uint32_t>(shards.size())};
    shards.push_back(shard);
  }
  return layout;
}

}  // namespace paceline::worker

#include "server/io/cut_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "server/io/shard_file.h"

namespace paceline::server {
namespace {

// Whether a shard of the cut holds the same rows of its table.
bool SameRows(const v1::ShardSpec& a, const v1::ShardSpec& b) {
  return a.first_row() == b.first_row() && a.rows() == b.rows() && a.bucket() == b.bucket() &&
         a.buckets() == b.buckets();
}

bool SameShape(const v1::TableSpec& a, const v1::TableSpec& b) {
  return a.name() == b.name() && a.kind() == b.kind() && a.rows() == b.rows() && a.dim() == b.dim();
}

std::string Shape(const v1::TableSpec& table) {
  if (table.kind() != v1::TABLE_KIND_DENSE) return absl::StrCat("sparse rows of ", table.dim());
  return absl::StrCat("dense [", table.rows(), ", ", table.dim(), "]");
}

}  // namespace

CutReader::CutReader(const HeldCuts* cuts, const v1::ServerJobOrder& order, StopRequested stop)
    : cuts_(cuts), order_(order), stop_(std::move(stop)) {}

absl::StatusOr<std::optional<ShardSnapshot>> CutReader::Read(const v1::TableSpec& table,
                                                             const v1::ShardSpec& shard) {
  const v1::RestoreOrder& cut = order_.restore();
  if (!manifest_.has_value()) {
    PL_ASSIGN_OR_RETURN(manifest_, cuts_->Manifest(cut.dir(), cut.manifest_xxh3(), cut.holders()));
    folder_ = cuts_->Open(cut.dir(), *manifest_);
  }
  if (cut.part() == v1::RestoreOrder::WEIGHTS) return ReadWeights(table, shard);
  const int index = static_cast<int>(shard.shard());
  const int in_table = static_cast<int>(shard.table());
  const bool there = index < manifest_->shards_size() && index < manifest_->files_size() &&
                     in_table < manifest_->tables_size();
  if (!there || manifest_->shards(index).table() != shard.table() ||
      !SameRows(manifest_->shards(index), shard) ||
      !SameShape(manifest_->tables(in_table), table) ||
      manifest_->tables(in_table).optimizer().kind() != table.optimizer().kind() ||
      manifest_->files(index).shard() != shard.shard()) {
    return absl::DataLossError(absl::StrCat("cut ", cut.cut_id(), " in ", cut.dir(), ": shard ",
                                            shard.shard(), " of table ", table.name(),
                                            " is not one of its shards"));
  }
  PL_ASSIGN_OR_RETURN(ShardSnapshot state, ReadShardFile(*folder_, manifest_->files(index), table,
                                                         shard, order_.ranks(), stop_));
  if (cut.part() == v1::RestoreOrder::UNFINISHED) state.finished.assign(order_.ranks(), false);
  return state;
}

absl::StatusOr<std::optional<ShardSnapshot>> CutReader::ReadWeights(
    const v1::TableSpec& table, const v1::ShardSpec& shard) const {
  const v1::RestoreOrder& cut = order_.restore();
  const int shards = std::min(manifest_->shards_size(), manifest_->files_size());
  for (int i = 0; i < shards; ++i) {
    const v1::ShardSpec& from = manifest_->shards(i);
    const int in_table = static_cast<int>(from.table());
    if (in_table >= manifest_->tables_size() ||
        manifest_->tables(in_table).name() != table.name()) {
      continue;
    }
    if (!SameShape(manifest_->tables(in_table), table)) {
      return absl::DataLossError(absl::StrCat("cut ", cut.cut_id(), " in ", cut.dir(), ": table ",
                                              table.name(), ": ", Shape(table), " expected, got ",
                                              Shape(manifest_->tables(in_table))));
    }
    if (!SameRows(from, shard)) continue;
    ShardSnapshot state;
    PL_ASSIGN_OR_RETURN(state.rows,
                        ReadShardRows(*folder_, manifest_->files(i), table, from, stop_));
    state.progress.assign(order_.ranks(), 0);
    state.finished.assign(order_.ranks(), false);
    return state;
  }
  return std::nullopt;
}

}  // namespace paceline::server

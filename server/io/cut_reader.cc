#include "server/io/cut_reader.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/cut/manifest.h"
#include "common/status/status_macros.h"
#include "server/io/shard_file.h"

namespace paceline::server {
namespace {

// Whether a shard of the cut holds the rows of the shard of the map.
bool SameRows(const v1::ShardSpec& a, const v1::ShardSpec& b) {
  return a.table() == b.table() && a.first_row() == b.first_row() && a.rows() == b.rows() &&
         a.bucket() == b.bucket() && a.buckets() == b.buckets();
}

bool SameTable(const v1::TableSpec& a, const v1::TableSpec& b) {
  return a.name() == b.name() && a.kind() == b.kind() && a.rows() == b.rows() &&
         a.dim() == b.dim() && a.optimizer().kind() == b.optimizer().kind();
}

}  // namespace

CutReader::CutReader(FileSystem* fs, const v1::ServerJobOrder& order, StopRequested stop)
    : fs_(fs), order_(order), stop_(std::move(stop)) {}

absl::StatusOr<ShardSnapshot> CutReader::Read(const v1::TableSpec& table,
                                              const v1::ShardSpec& shard) {
  const v1::RestoreOrder& cut = order_.restore();
  if (!manifest_.has_value()) {
    PL_ASSIGN_OR_RETURN(manifest_, ReadManifest(*fs_, cut.dir(), cut.manifest_xxh3()));
  }
  const int index = static_cast<int>(shard.shard());
  const bool there = index < manifest_->shards_size() && index < manifest_->files_size() &&
                     static_cast<int>(shard.table()) < manifest_->tables_size();
  if (!there || !SameRows(manifest_->shards(index), shard) ||
      !SameTable(manifest_->tables(static_cast<int>(shard.table())), table) ||
      manifest_->files(index).shard() != shard.shard()) {
    return absl::DataLossError(absl::StrCat("cut ", cut.cut_id(), " in ", cut.dir(), ": shard ",
                                            shard.shard(), " of table ", table.name(),
                                            " is not one of its shards"));
  }
  return ReadShardFile(*fs_, cut.dir(), manifest_->files(index), table, shard, order_.ranks(),
                       stop_);
}

}  // namespace paceline::server

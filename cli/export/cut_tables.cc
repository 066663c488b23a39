#include "cli/export/cut_tables.h"

#include <algorithm>
#include <map>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "cli/export/shard_cursor.h"
#include "common/check.h"
#include "common/status/status_macros.h"

namespace paceline::cli {
namespace {

constexpr uint64_t kPieceBytes = 1 << 20;

absl::Status Is(const std::string& file, const TensorInfo* tensor, absl::string_view name,
                DType dtype, const std::vector<uint64_t>& shape) {
  if (tensor != nullptr && tensor->spec.dtype == dtype && tensor->spec.shape == shape) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat(file, ": tensor ", name, " is absent or not as the manifest says"));
}

absl::Status CheckShard(const std::string& file, const v1::TableSpec& table,
                        const v1::ShardSpec& shard, const SafetensorsReader& reader) {
  if (table.kind() == v1::TABLE_KIND_DENSE) {
    return Is(file, reader.Find("rows"), "rows", DType::kF32, {shard.rows(), table.dim()});
  }
  const TensorInfo* keys = reader.Find("keys");
  if (keys == nullptr || keys->spec.shape.size() != 1) {
    return Is(file, nullptr, "keys", DType::kU64, {});
  }
  const uint64_t count = keys->spec.shape[0];
  PL_RETURN_IF_ERROR(Is(file, keys, "keys", DType::kU64, {count}));
  return Is(file, reader.Find("rows"), "rows", DType::kF32, {count, table.dim()});
}

absl::Status CopyTensor(const SafetensorsReader& reader, const TensorInfo& tensor,
                        const ByteSink& sink) {
  std::string piece;
  for (uint64_t at = 0; at < tensor.bytes; at += piece.size()) {
    piece.resize(std::min(kPieceBytes, tensor.bytes - at));
    PL_RETURN_IF_ERROR(reader.Read(tensor, at, absl::MakeSpan(piece.data(), piece.size())));
    PL_RETURN_IF_ERROR(sink(piece));
  }
  return absl::OkStatus();
}

// All rows of the shards in the order of their keys.
absl::Status Merge(const std::vector<std::unique_ptr<SafetensorsReader>>& shards, bool rows,
                   const ByteSink& sink) {
  std::vector<ShardCursor> cursors;
  for (const auto& shard : shards) {
    cursors.emplace_back(shard.get(), rows);
  }
  const auto later = [](const ShardCursor* a, const ShardCursor* b) { return a->key() > b->key(); };
  std::priority_queue<ShardCursor*, std::vector<ShardCursor*>, decltype(later)> queue(later);
  const auto step = [&](ShardCursor* cursor) -> absl::Status {
    PL_RETURN_IF_ERROR(cursor->Next());
    if (!cursor->done()) {
      queue.push(cursor);
    }
    return absl::OkStatus();
  };
  for (ShardCursor& cursor : cursors) {
    PL_RETURN_IF_ERROR(step(&cursor));
  }
  std::string pending;
  while (!queue.empty()) {
    ShardCursor* cursor = queue.top();
    queue.pop();
    if (rows) {
      absl::StrAppend(&pending, cursor->row());
    } else {
      const uint64_t key = cursor->key();
      pending.append(reinterpret_cast<const char*>(&key), sizeof(key));
    }
    if (pending.size() >= kPieceBytes) {
      PL_RETURN_IF_ERROR(sink(pending));
      pending.clear();
    }
    PL_RETURN_IF_ERROR(step(cursor));
  }
  return sink(pending);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CutTables>> CutTables::Open(FileSystem& fs,
                                                           const std::string& folder,
                                                           const v1::CutManifest& manifest) {
  std::map<uint32_t, std::string> files;
  for (const v1::CutFile& file : manifest.files()) {
    files[file.shard()] = file.name();
  }
  std::unique_ptr<CutTables> tables(new CutTables);
  tables->shards_.resize(manifest.tables_size());
  // Shards are listed by table, then by first row or bucket.
  std::vector<uint64_t> rows(manifest.tables_size());
  for (const v1::ShardSpec& shard : manifest.shards()) {
    const auto file = files.find(shard.shard());
    if (shard.table() >= static_cast<uint32_t>(manifest.tables_size()) || file == files.end()) {
      return absl::DataLossError(
          absl::StrCat("manifest.json: shard ", shard.shard(), " has no table or no file"));
    }
    const v1::TableSpec& table = manifest.tables(static_cast<int>(shard.table()));
    if (table.kind() == v1::TABLE_KIND_DENSE && shard.first_row() != rows[shard.table()]) {
      return absl::DataLossError(absl::StrCat("manifest.json: shard ", shard.shard(),
                                              ": first row ", rows[shard.table()],
                                              " expected, got ", shard.first_row()));
    }
    rows[shard.table()] += shard.rows();
    const std::string path = JoinPath(folder, file->second);
    PL_ASSIGN_OR_RETURN(auto reader, SafetensorsReader::Open(fs, path));
    PL_RETURN_IF_ERROR(CheckShard(file->second, table, shard, *reader));
    tables->shards_[shard.table()].push_back(std::move(reader));
  }
  for (int i = 0; i < manifest.tables_size(); ++i) {
    const v1::TableSpec& table = manifest.tables(i);
    if (table.kind() == v1::TABLE_KIND_DENSE && rows[i] != table.rows()) {
      return absl::DataLossError(absl::StrCat("manifest.json: table ", table.name(), ": ",
                                              table.rows(), " rows expected, shards hold ",
                                              rows[i]));
    }
    PL_RETURN_IF_ERROR(tables->Declare(table, i));
  }
  return tables;
}

absl::Status CutTables::Declare(const v1::TableSpec& table, size_t index) {
  if (table.kind() == v1::TABLE_KIND_DENSE) {
    arrays_.push_back({Part::kDenseRows, index});
    specs_.push_back({table.name(), DType::kF32, {table.rows(), table.dim()}});
    return absl::OkStatus();
  }
  uint64_t count = 0;
  for (const auto& shard : shards_[index]) {
    count += shard->Find("keys")->spec.shape[0];
  }
  arrays_.push_back({Part::kKeys, index});
  specs_.push_back({absl::StrCat(table.name(), ".keys"), DType::kU64, {count}});
  arrays_.push_back({Part::kSparseRows, index});
  specs_.push_back({absl::StrCat(table.name(), ".rows"), DType::kF32, {count, table.dim()}});
  return absl::OkStatus();
}

absl::Status CutTables::Write(size_t index, const ByteSink& sink) const {
  PL_CHECK_LT(index, arrays_.size());
  const Array& array = arrays_[index];
  const Shards& shards = shards_[array.table];
  if (array.part != Part::kDenseRows) {
    return Merge(shards, array.part == Part::kSparseRows, sink);
  }
  for (const auto& shard : shards) {
    PL_RETURN_IF_ERROR(CopyTensor(*shard, *shard->Find("rows"), sink));
  }
  return absl::OkStatus();
}

}  // namespace paceline::cli

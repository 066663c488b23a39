#include "scheduler/io/parameters_hash.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/failpoint/failpoint.h"
#include "common/sha256.h"
#include "common/status/status_macros.h"
#include "scheduler/io/shard_rows.h"

namespace paceline::scheduler {
namespace {

constexpr size_t kFlushBytes = 256 << 10;

// Gathers small pieces, since each call of the hash has its price.
class Digest {
 public:
  void Bytes(absl::string_view bytes) {
    pending_.append(bytes.data(), bytes.size());
    if (pending_.size() >= kFlushBytes) Flush();
  }
  // The lowest `bytes` bytes, little-endian.
  void Number(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) pending_.push_back(static_cast<char>(value >> (8 * i)));
  }
  void Flush() {
    hash_.Update(pending_);
    pending_.clear();
  }
  std::string Finish() {
    Flush();
    return hash_.HexDigest();
  }

 private:
  Sha256 hash_;
  std::string pending_;
};

// A shard with the file that holds it.
struct ShardFile {
  const v1::ShardSpec* shard = nullptr;
  const v1::CutFile* file = nullptr;
};

absl::Status HashDense(const CutFolder& folder, const v1::TableSpec& table,
                       const std::vector<ShardFile>& shards, const StopRequested& stop,
                       Digest* digest) {
  digest->Number(table.rows(), 8);
  digest->Number(table.dim(), 4);
  uint64_t next_row = 0;
  for (const ShardFile& file : shards) {
    PL_ASSIGN_OR_RETURN(const std::unique_ptr<ShardRows> rows,
                        ShardRows::Open(folder, *file.file, table, *file.shard));
    while (true) {
      if (stop()) return absl::CancelledError("the scheduler is shutting down");
      PL_ASSIGN_OR_RETURN(const bool more, rows->Next());
      if (!more) break;
      if (rows->key() != next_row) {
        return absl::DataLossError(absl::StrCat(file.file->name(), ": table ", table.name(),
                                                ": row ", next_row, " expected, got ",
                                                rows->key()));
      }
      ++next_row;
      digest->Number(rows->key(), 8);
      digest->Bytes(rows->row());
    }
  }
  if (next_row == table.rows()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("table ", table.name(), ": ", table.rows(),
                                          " rows expected, the cut has ", next_row));
}

absl::Status HashSparse(const CutFolder& folder, const v1::TableSpec& table,
                        const std::vector<ShardFile>& shards, const StopRequested& stop,
                        Digest* digest) {
  std::vector<std::unique_ptr<ShardRows>> buckets;
  uint64_t count = 0;
  for (const ShardFile& file : shards) {
    PL_ASSIGN_OR_RETURN(buckets.emplace_back(),
                        ShardRows::Open(folder, *file.file, table, *file.shard));
    count += buckets.back()->count();
  }
  digest->Number(count, 8);
  digest->Number(table.dim(), 4);
  // The bucket with the smallest key first.
  using Head = std::pair<uint64_t, ShardRows*>;
  std::priority_queue<Head, std::vector<Head>, std::greater<Head>> heads;
  for (const auto& bucket : buckets) {
    PL_ASSIGN_OR_RETURN(const bool more, bucket->Next());
    if (more) heads.push({bucket->key(), bucket.get()});
  }
  while (!heads.empty()) {
    if (stop()) return absl::CancelledError("the scheduler is shutting down");
    const auto [key, bucket] = heads.top();
    heads.pop();
    digest->Number(key, 8);
    digest->Bytes(bucket->row());
    PL_ASSIGN_OR_RETURN(const bool more, bucket->Next());
    if (more) heads.push({bucket->key(), bucket});
    if (!heads.empty() && heads.top().first == key) {
      return absl::DataLossError(
          absl::StrCat("table ", table.name(), ": key ", key, " is in two buckets"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> HashParameters(const CutFolder& folder, const v1::CutManifest& manifest,
                                           const StopRequested& stop) {
  PL_RETURN_IF_ERROR(Failpoint("scheduler.cut.hash"));
  std::map<uint32_t, const v1::CutFile*> files;
  for (const v1::CutFile& file : manifest.files()) files[file.shard()] = &file;
  std::vector<std::vector<ShardFile>> by_table(static_cast<size_t>(manifest.tables_size()));
  for (const v1::ShardSpec& shard : manifest.shards()) {
    const auto file = files.find(shard.shard());
    if (shard.table() >= by_table.size() || file == files.end()) {
      return absl::DataLossError(absl::StrCat("shard ", shard.shard(), " of table ", shard.table(),
                                              ": the cut has no file for it"));
    }
    by_table[shard.table()].push_back({&shard, file->second});
  }
  std::vector<int> order;
  for (int i = 0; i < manifest.tables_size(); ++i) order.push_back(i);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return manifest.tables(a).name() < manifest.tables(b).name(); });
  Digest digest;
  for (const int i : order) {
    const v1::TableSpec& table = manifest.tables(i);
    std::vector<ShardFile>& shards = by_table[static_cast<size_t>(i)];
    std::sort(shards.begin(), shards.end(), [](const ShardFile& a, const ShardFile& b) {
      return a.shard->first_row() < b.shard->first_row();
    });
    const bool sparse = table.kind() == v1::TABLE_KIND_SPARSE;
    digest.Bytes(table.name());
    digest.Number(0, 1);
    digest.Number(sparse ? 1 : 0, 1);
    PL_RETURN_IF_ERROR(sparse ? HashSparse(folder, table, shards, stop, &digest)
                              : HashDense(folder, table, shards, stop, &digest));
  }
  return digest.Finish();
}

}  // namespace paceline::scheduler

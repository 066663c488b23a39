// Shard files whose checksums are right, whatever their bytes: a reader that trusts
// checksums alone would believe them. What is read must also be fit to go on from.
#include <memory>
#include <string>
#include <vector>

#include "common/block_crc32c.h"
#include "common/check.h"
#include "common/cut/cut_folder.h"
#include "common/fs_memory.h"
#include "common/xxh3/xxh3.h"
#include "server/core/job_testing.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/shard.h"
#include "server/io/shard_file.h"
#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {
namespace {

using server::testing::Context;
using server::testing::DenseTable;
using server::testing::Frame;
using server::testing::OpenedJob;
using server::testing::SparseTable;

constexpr char kDir[] = "/cut";
constexpr uint64_t kRanks = 1;

v1::ServerJobOrder Order() {
  return server::testing::ServeOrder({.policy = v1::POLICY_BSP}, kRanks,
                                     {DenseTable("a", 2, 2, v1::OPTIMIZER_KIND_MOMENTUM),
                                      SparseTable("s", 2, v1::OPTIMIZER_KIND_ADAM)});
}

// Two shards with rows, slots and progress: one of each table.
struct Written {
  v1::TableSpec table;
  v1::ShardSpec shard;
  std::string bytes;
};

std::vector<Written> WriteShards() {
  const v1::ServerJobOrder order = Order();
  const OpenedJob opened = server::testing::OpenJob(order);
  const auto key = server::testing::KeysOfShards(order.map(), 1, 1).at(0);
  server::testing::OpenRanks(*opened.job, kRanks);
  PL_CHECK(server::testing::PushNow(*opened.job, Frame(0, 1, 0)
                                                     .Dense(0, 2, {1, 2, 3, 4})
                                                     .Sparse(key.shard, {key.key}, {5, 6})
                                                     .Last({0, key.shard}))
               .ok());
  std::vector<Written> written;
  for (const auto& shard : opened.job->shards()) {
    if (shard->spec().shard() != 0 && shard->spec().shard() != key.shard) continue;
    MemoryFileSystem fs;
    PL_CHECK(fs.CreateDirs(kDir).ok());
    const auto snapshot = shard->Snapshot();
    PL_CHECK(snapshot.ok());
    const auto file =
        server::WriteShardFile(fs, kDir, shard->table(), shard->spec(), /*timeline=*/1, *snapshot);
    PL_CHECK(file.ok());
    written.push_back({shard->table(), shard->spec(), *ReadFile(fs, JoinPath(kDir, file->name()))});
  }
  PL_CHECK_EQ(written.size(), size_t{2});
  return written;
}

const std::vector<Written>& Shards() {
  static const auto& shards = *new std::vector<Written>(WriteShards());
  return shards;
}

void GoOnFrom(const Written& of, server::ShardSnapshot snapshot) {
  server::MemoryBudget memory(uint64_t{64} << 20, "--memory-limit");
  server::MemoryBudget fold(uint64_t{1} << 20, "--fold-limit");
  server::Shard::Options options;
  options.table = of.table;
  options.shard = of.shard;
  options.ranks = kRanks;
  options.memory = &memory;
  options.fold = &fold;
  (void)server::Shard::Restore(std::move(options), std::move(snapshot));
}

}  // namespace

std::vector<std::string> Seeds() { return {Shards()[0].bytes, Shards()[1].bytes}; }

void FuzzOne(absl::string_view input) {
  MemoryFileSystem fs;
  PL_CHECK(fs.CreateDirs(kDir).ok());
  PL_CHECK(WriteFileDurably(fs, JoinPath(kDir, "shard"), input).ok());
  v1::CutFile entry;
  entry.set_name("shard");
  entry.set_bytes(input.size());
  entry.set_xxh3(Xxh3Hex(input));
  BlockCrc32c checksums;
  checksums.Update(input);
  for (const uint32_t block : checksums.blocks()) entry.add_block_crc32c(block);
  const SharedCutFolder folder(&fs, kDir);
  for (const Written& of : Shards()) {
    entry.set_shard(of.shard.shard());
    (void)server::ReadShardRows(folder, entry, of.table, of.shard, nullptr);
    auto snapshot = server::ReadShardFile(folder, entry, of.table, of.shard, kRanks, nullptr);
    if (snapshot.ok()) GoOnFrom(of, *std::move(snapshot));
  }
}

}  // namespace paceline::fuzz

// A machine that loses power at any moment of a cut: between any two operations on
// files, or in the middle of one. What a disk may keep of what was not synced is
// decided by a seed, or it keeps nothing.
#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/cut/held_cuts.h"
#include "common/cut/manifest.h"
#include "common/fs_faulty.h"
#include "common/fs_memory.h"
#include "common/status/status_macros.h"
#include "common/status/status_matchers.h"
#include "scheduler/io/cut_files.h"
#include "server/core/job_cut.h"
#include "server/core/job_testing.h"
#include "server/io/cut_reader.h"
#include "server/io/cut_writer.h"

namespace paceline {
namespace {

using server::testing::Context;
using server::testing::Frame;

constexpr char kDir[] = "/ckpt";
constexpr uint32_t kShards = 12;
constexpr uint64_t kCuts = 4;
constexpr size_t kKeep = 2;
// What may survive a crash: nothing, or as each of so many seeds decides.
constexpr uint64_t kSeeds = 3;

std::string CutFolder(uint64_t cut) { return JoinPath(kDir, "0000000" + std::to_string(cut)); }

// Twelve tables of one shard each: every push adds 1 to all rows.
v1::ServerJobOrder Order() {
  std::vector<v1::TableSpec> tables;
  for (char name = 'a'; name < static_cast<char>('a' + kShards); ++name) {
    tables.push_back(server::testing::DenseTable(std::string(1, name), 2, 2));
  }
  return server::testing::ServeOrder({.policy = v1::POLICY_BSP}, 1, tables);
}

// Server and scheduler of one job with their durable memory: the cuts that the
// scheduler's journal holds, oldest first.
class Story {
 public:
  explicit Story(FileSystem* fs) : fs_(fs), opened_(server::testing::OpenJob(order_)) {
    REQUIRE_OK(opened_.job->OpenRank(Context(0, 1, 0)));
  }

  const std::vector<v1::RestoreOrder>& journal() const { return journal_; }

  // Takes cut after cut until the power goes.
  absl::Status Run() {
    for (uint64_t cut = 1; cut <= kCuts; ++cut) {
      Push(cut - 1);
      PL_RETURN_IF_ERROR(TakeCut(cut));
    }
    return absl::OkStatus();
  }

 private:
  void Push(uint64_t t) {
    Frame frame(0, 1, t);
    std::vector<uint32_t> touched;
    for (uint32_t shard = 0; shard < kShards; ++shard) {
      frame.Dense(shard, 2, {1, 1, 1, 1});
      touched.push_back(shard);
    }
    REQUIRE_OK(server::testing::PushNow(*opened_.job, frame.Last(touched)));
  }

  absl::Status TakeCut(uint64_t id) {
    v1::CutOrder order;
    order.set_cut_id(id);
    order.set_dir(CutFolder(id));
    order.set_round(id);
    auto cut = std::make_unique<server::JobCut>(opened_.job, order);
    REQUIRE_OK(cut->Begin());
    server::CutWriter writer(fs_, std::move(cut));
    REQUIRE(writer.Work(nullptr));
    if (!writer.report().done()) return absl::UnavailableError(writer.report().error());
    v1::CutManifest manifest;
    manifest.set_format_version(kCutFormatVersion);
    *manifest.mutable_tables() = order_.map().tables();
    *manifest.mutable_shards() = order_.map().shards();
    *manifest.mutable_files() = writer.report().files();
    PL_ASSIGN_OR_RETURN(
        const std::string xxh3,
        scheduler::CommitCut(HeldCuts({.fs = fs_}), order.dir(), manifest, nullptr));
    v1::RestoreOrder& committed = journal_.emplace_back();
    committed.set_cut_id(id);
    committed.set_dir(order.dir());
    committed.set_manifest_xxh3(xxh3);
    if (journal_.size() > kKeep) journal_.erase(journal_.begin());
    std::vector<uint64_t> keep;
    for (const v1::RestoreOrder& kept : journal_) keep.push_back(kept.cut_id());
    return scheduler::RemoveCuts(*fs_, kDir, id, keep);
  }

  FileSystem* const fs_;
  const v1::ServerJobOrder order_ = Order();
  const server::testing::OpenedJob opened_;
  std::vector<v1::RestoreOrder> journal_;
};

// Whether the cut can be restored, and holds what was pushed before it.
void CheckWhole(FileSystem& fs, const v1::RestoreOrder& cut) {
  v1::ServerJobOrder order = Order();
  *order.mutable_restore() = cut;
  const HeldCuts cuts({.fs = &fs});
  server::CutReader reader(&cuts, order, nullptr);
  for (const v1::ShardSpec& shard : order.map().shards()) {
    const auto state = reader.Read(order.map().tables(static_cast<int>(shard.table())), shard);
    INFO("cut " << cut.cut_id() << ": " << state.status());
    REQUIRE(state.ok());
    REQUIRE(state->has_value());
    REQUIRE((*state)->progress == std::vector<uint64_t>{cut.cut_id()});
    const auto& rows = std::get<server::DenseSnapshot>((*state)->rows).rows;
    REQUIRE(rows->floats()[3] == static_cast<float>(cut.cut_id()));
  }
}

TEST_CASE("faults row 17: the power goes at any moment, and every committed cut is whole") {
  uint64_t operations = 0;
  {
    MemoryFileSystem disk;
    FaultyFileSystem fs(&disk);
    REQUIRE_OK(Story(&fs).Run());
    operations = fs.steps().size();
  }
  uint64_t points = 0;
  for (uint64_t operation = 0; operation < operations; ++operation) {
    for (uint64_t seed = 0; seed <= kSeeds; ++seed) {
      INFO("operation " << operation << " seed " << seed);
      MemoryFileSystem disk;
      FaultyFileSystem fs(&disk);
      // An append may be torn.
      fs.CrashAt(operation, /*written_bytes=*/7 * seed);
      Story story(&fs);
      REQUIRE_FALSE(story.Run().ok());
      if (seed == 0) {
        disk.ForgetUnsynced();
      } else {
        disk.ForgetUnsynced(1000 * operation + seed);
      }
      for (const v1::RestoreOrder& cut : story.journal()) CheckWhole(disk, cut);
      ++points;
    }
  }
  WARN(points << " crash points over " << operations << " operations");
  CHECK(points >= 1000);
}

}  // namespace
}  // namespace paceline

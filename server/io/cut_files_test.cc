#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/cut/held_cuts.h"
#include "common/cut/manifest.h"
#include "common/fs_memory.h"
#include "common/safetensors.h"
#include "common/status/status_macros.h"
#include "common/status/status_matchers.h"
#include "common/tables/sharding.h"
#include "common/xxh3/xxh3.h"
#include "server/core/job_cut.h"
#include "server/core/job_testing.h"
#include "server/io/cut_reader.h"
#include "server/io/cut_writer.h"

namespace paceline::server {
namespace {

using testing::Context;
using testing::DenseTable;
using testing::Frame;
using testing::KeyOfShard;
using testing::OpenedJob;
using testing::PushNow;
using testing::SparseTable;

template <typename T>
std::vector<T> Read(const SafetensorsReader& file, const std::string& name) {
  const TensorInfo* const tensor = file.Find(name);
  REQUIRE(tensor != nullptr);
  std::vector<T> values(tensor->bytes / sizeof(T));
  REQUIRE_OK(
      file.Read(*tensor, 0, absl::MakeSpan(reinterpret_cast<char*>(values.data()), tensor->bytes)));
  return values;
}

v1::CutOrder Cut() {
  v1::CutOrder cut;
  cut.set_cut_id(3);
  cut.set_dir("/ckpt/job/00000003");
  return cut;
}

// One rank's push of 1 to table a and of 5 to one key of table s, and its finish.
OpenedJob Trained(const v1::ServerJobOrder& order, const KeyOfShard& key) {
  OpenedJob opened = testing::OpenJob(order);
  REQUIRE_OK(opened.job->OpenRank(Context(0, 1, 0)));
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 0)
                                      .Dense(0, 2, {1, 2, 3, 4})
                                      .Sparse(key.shard, {key.key}, {5, 6})
                                      .Last({0, key.shard})));
  return opened;
}

v1::ServerJobOrder Order() {
  return testing::ServeOrder({.policy = v1::POLICY_BSP}, 1,
                             {DenseTable("a", 2, 2, v1::OPTIMIZER_KIND_MOMENTUM),
                              SparseTable("s", 2, v1::OPTIMIZER_KIND_ADAM)});
}

// The cut of shards at rest, as the executor takes it.
v1::CutReport Write(FileSystem& fs, const OpenedJob& opened, const StopRequested& stop = nullptr) {
  auto cut = std::make_unique<JobCut>(opened.job, Cut());
  if (const absl::Status begun = cut->Begin(); !begun.ok()) return FailedCut(Cut(), begun);
  CutWriter writer(&fs, std::move(cut));
  REQUIRE(writer.Work(stop));
  return writer.report();
}

// The order to serve from a cut that was written, with its manifest.
v1::ServerJobOrder Restoring(FileSystem& fs, v1::ServerJobOrder order,
                             const v1::CutReport& report) {
  v1::CutManifest manifest;
  manifest.set_format_version(kCutFormatVersion);
  *manifest.mutable_tables() = order.map().tables();
  *manifest.mutable_shards() = order.map().shards();
  *manifest.mutable_files() = report.files();
  REQUIRE_OK_AND_ASSIGN(const std::string xxh3, WriteManifest(fs, Cut().dir(), manifest));
  order.mutable_restore()->set_cut_id(report.cut_id());
  order.mutable_restore()->set_dir(Cut().dir());
  order.mutable_restore()->set_manifest_xxh3(xxh3);
  return order;
}

// All shards of the order's map, read back.
absl::StatusOr<std::vector<ShardSnapshot>> ReadAll(FileSystem& fs,
                                                   const v1::ServerJobOrder& order) {
  const HeldCuts cuts({.fs = &fs});
  CutReader reader(&cuts, order, nullptr);
  std::vector<ShardSnapshot> states;
  for (const v1::ShardSpec& shard : order.map().shards()) {
    PL_ASSIGN_OR_RETURN(std::optional<ShardSnapshot> state,
                        reader.Read(order.map().tables(static_cast<int>(shard.table())), shard));
    states.push_back(*std::move(state));
  }
  return states;
}

TEST_CASE("a cut of a table with limits has ages and waiting keys, and goes on with them") {
  v1::TableSpec table = SparseTable("s", 2, v1::OPTIMIZER_KIND_ADAM);
  table.mutable_sparse()->set_admit_after(2);
  table.mutable_sparse()->set_evict_after_iterations(100);
  const v1::ServerJobOrder order = testing::ServeOrder({.policy = v1::POLICY_ASP}, 1, {table});
  const KeyOfShard key = testing::KeysOfShards(order.map(), 0, 1)[0];
  const OpenedJob opened = testing::OpenJob(order);
  testing::OpenRanks(*opened.job, 1);
  // Another key of the same bucket waits.
  uint64_t other = key.key + 1;
  while (BucketOfKey(other, kSparseBuckets) != BucketOfKey(key.key, kSparseBuckets)) ++other;
  for (uint64_t t = 0; t < 3; ++t) {
    const std::vector<uint64_t> keys =
        t == 2 ? std::vector<uint64_t>{key.key, other} : std::vector<uint64_t>{key.key};
    REQUIRE_OK(
        PushNow(*opened.job, Frame(0, 1, t)
                                 .Sparse(key.shard, keys, std::vector<float>(2 * keys.size(), 1))
                                 .Last({key.shard})));
  }
  MemoryFileSystem fs;
  const v1::CutReport report = Write(fs, opened);
  INFO(report.error());
  REQUIRE(report.done());
  const v1::ServerJobOrder restoring = Restoring(fs, order, report);
  REQUIRE_OK_AND_ASSIGN(const std::vector<ShardSnapshot> states, ReadAll(fs, restoring));
  const auto& sparse = std::get<SparseSnapshot>(states[key.shard].rows);
  CHECK(sparse.keys == std::vector<uint64_t>{key.key});
  CHECK(sparse.clock == 2);
  CHECK(sparse.row_used == std::vector<uint64_t>{2});
  CHECK(sparse.row_steps == std::vector<uint64_t>{2});
  CHECK(sparse.waiting.keys == std::vector<uint64_t>{other});
  CHECK(sparse.waiting.counts == std::vector<uint64_t>{1});
  CHECK(sparse.waiting.used == std::vector<uint64_t>{2});

  const OpenedJob again = testing::OpenJob(
      restoring, 0, 1 << 20, [&](const v1::TableSpec&, const v1::ShardSpec& shard) {
        return absl::StatusOr<std::optional<ShardSnapshot>>(states[shard.shard()]);
      });
  MemoryFileSystem copy;
  CHECK(Write(copy, again).SerializeAsString() == report.SerializeAsString());
  // The second push that names the other key.
  testing::OpenRanks(*again.job, 1);
  REQUIRE_OK(
      PushNow(*again.job, Frame(0, 1, 3).Sparse(key.shard, {other}, {1, 1}).Last({key.shard})));
  v1::ServerJobReport after;
  again.job->FillReport(&after);
  CHECK(after.sparse_rows() == 2);
  CHECK(after.rows_created() == 1);
  CHECK(after.rows_evicted() == 0);
  CHECK(after.keys_waiting() == 0);
}

TEST_CASE("a cut holds rows, slots and progress, and its checksums are of the files") {
  const v1::ServerJobOrder order = Order();
  const KeyOfShard key = testing::KeysOfShards(order.map(), 1, 1)[0];
  const OpenedJob opened = Trained(order, key);
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 1).Finish()));
  MemoryFileSystem fs;
  const v1::CutReport report = Write(fs, opened);
  INFO(report.error());
  REQUIRE(report.done());
  CHECK(report.cut_id() == 3);
  REQUIRE(report.files_size() == 65);
  // Durable, and nothing left beside.
  fs.ForgetUnsynced();
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> names, fs.List(Cut().dir()));
  REQUIRE(names.size() == 65);
  for (int i = 0; i < report.files_size(); ++i) {
    const v1::CutFile& file = report.files(i);
    CHECK(file.shard() == static_cast<uint32_t>(i));
    CHECK(file.name() == names[i]);
    REQUIRE_OK_AND_ASSIGN(const std::string bytes,
                          ReadFile(fs, JoinPath(Cut().dir(), file.name())));
    CHECK(file.bytes() == bytes.size());
    CHECK(file.xxh3() == Xxh3Hex(bytes));
  }
  CHECK(report.files(0).name() == "shard-000000.safetensors");

  REQUIRE_OK_AND_ASSIGN(const auto dense,
                        SafetensorsReader::Open(fs, JoinPath(Cut().dir(), names[0])));
  CHECK(dense->Find("rows")->spec.shape == std::vector<uint64_t>{2, 2});
  // The default learning rate is 0.01: w = 0 - 0.01 * g, momentum = g.
  const std::vector<float> rows = Read<float>(*dense, "rows");
  CHECK(rows[3] == Approx(-0.04));
  CHECK(Read<float>(*dense, "slot.momentum") == std::vector<float>{1, 2, 3, 4});
  CHECK(Read<uint64_t>(*dense, "progress") == std::vector<uint64_t>{1});
  CHECK(Read<uint8_t>(*dense, "finished") == std::vector<uint8_t>{1});
  CHECK(Read<uint64_t>(*dense, "steps") == std::vector<uint64_t>{1});
  CHECK(dense->metadata() == TensorMetadata{{"format_version", "1"},
                                            {"table", "a"},
                                            {"shard", "0"},
                                            {"timeline", "1"},
                                            {"first_row", "0"}});

  REQUIRE_OK_AND_ASSIGN(const auto sparse,
                        SafetensorsReader::Open(fs, JoinPath(Cut().dir(), names[key.shard])));
  CHECK(Read<uint64_t>(*sparse, "keys") == std::vector<uint64_t>{key.key});
  CHECK(Read<float>(*sparse, "slot.m").size() == 2);
  CHECK(Read<float>(*sparse, "slot.v").size() == 2);
  CHECK(Read<uint64_t>(*sparse, "row_steps") == std::vector<uint64_t>{1});
  CHECK(sparse->metadata().at("bucket") == std::to_string(key.shard - 1));
  // A bucket without rows is a file like any other.
  const uint32_t empty = key.shard == 1 ? 2 : 1;
  REQUIRE_OK_AND_ASSIGN(const auto bucket,
                        SafetensorsReader::Open(fs, JoinPath(Cut().dir(), names[empty])));
  CHECK(Read<float>(*bucket, "rows").empty());
}

TEST_CASE("a cut before its time, and one that is cancelled, say so") {
  const v1::ServerJobOrder order = Order();
  const OpenedJob opened = Trained(order, testing::KeysOfShards(order.map(), 1, 1)[0]);
  MemoryFileSystem fs;
  const v1::CutReport early = Write(fs, opened);
  CHECK_FALSE(early.done());
  CHECK_THAT(early.error(), Catch::Contains("needs all ranks finished"));
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 1).Finish()));
  const v1::CutReport cancelled = Write(fs, opened, [] { return true; });
  CHECK_FALSE(cancelled.done());
  CHECK(cancelled.files().empty());
  CHECK_THAT(cancelled.error(), Catch::Contains("closed"));
}

TEST_CASE("a folder that cannot be written is named") {
  const v1::ServerJobOrder order = Order();
  const OpenedJob opened = Trained(order, testing::KeysOfShards(order.map(), 1, 1)[0]);
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 1).Finish()));
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/ckpt", "a file"));
  const v1::CutReport report = Write(fs, opened);
  CHECK_FALSE(report.done());
  CHECK_THAT(report.error(), Catch::Contains("/ckpt"));
}

TEST_CASE("shards restored from a cut write the same cut") {
  const v1::ServerJobOrder order = Order();
  const OpenedJob opened = Trained(order, testing::KeysOfShards(order.map(), 1, 1)[0]);
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 1).Finish()));
  MemoryFileSystem fs;
  const HeldCuts cuts({.fs = &fs});
  const v1::CutReport report = Write(fs, opened);
  REQUIRE(report.done());
  const v1::ServerJobOrder restoring = Restoring(fs, order, report);
  CutReader reader(&cuts, restoring, nullptr);
  OpenedJob restored = testing::OpenJob(
      restoring, 0, 1 << 20, [&](const v1::TableSpec& table, const v1::ShardSpec& shard) {
        return reader.Read(table, shard);
      });
  MemoryFileSystem other;
  const v1::CutReport again = Write(other, restored);
  CHECK(again.SerializeAsString() == report.SerializeAsString());
}

TEST_CASE("faults row 18: 10,000 random bit flips and none is served") {
  const v1::ServerJobOrder order = Order();
  const OpenedJob opened = Trained(order, testing::KeysOfShards(order.map(), 1, 1)[0]);
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 1).Finish()));
  MemoryFileSystem fs;
  const HeldCuts cuts({.fs = &fs});
  const v1::CutReport report = Write(fs, opened);
  const v1::ServerJobOrder restoring = Restoring(fs, order, report);
  REQUIRE_OK(ReadAll(fs, restoring));
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> names, fs.List(Cut().dir()));
  REQUIRE(names[0] == kManifestName);
  CutReader good(&cuts, restoring, nullptr);
  const auto read_shard = [&](CutReader& reader, uint32_t index) {
    const v1::ShardSpec& shard = restoring.map().shards(static_cast<int>(index));
    return reader.Read(restoring.map().tables(static_cast<int>(shard.table())), shard).status();
  };
  REQUIRE_OK(read_shard(good, 0));  // from here on it has the manifest
  std::mt19937 random(1);
  for (int flip = 0; flip < 10000; ++flip) {
    // The manifest comes first in the order of names.
    const uint32_t file = random() % names.size();
    const std::string path = JoinPath(Cut().dir(), names[file]);
    REQUIRE_OK_AND_ASSIGN(const std::string whole, ReadFile(fs, path));
    std::string flipped = whole;
    const size_t bit = random() % (8 * whole.size());
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    REQUIRE_OK(WriteFileDurably(fs, path, flipped));
    CutReader fresh(&cuts, restoring, nullptr);
    const absl::Status read = file == 0 ? read_shard(fresh, 0) : read_shard(good, file - 1);
    INFO(path << " bit " << bit << ": " << read);
    REQUIRE(absl::IsDataLoss(read));
    REQUIRE_OK(WriteFileDurably(fs, path, whole));
  }
  REQUIRE_OK(ReadAll(fs, restoring));
}

TEST_CASE("faults row 18: files swapped, of another shape, or of other ranks are refused") {
  v1::ServerJobOrder order = Order();
  const OpenedJob opened = Trained(order, testing::KeysOfShards(order.map(), 1, 1)[0]);
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 1).Finish()));
  MemoryFileSystem fs;
  v1::CutReport report = Write(fs, opened);
  std::string want;
  SECTION("two shards swapped, manifest and all") {
    report.mutable_files(1)->mutable_name()->swap(*report.mutable_files(2)->mutable_name());
    report.mutable_files(1)->mutable_xxh3()->swap(*report.mutable_files(2)->mutable_xxh3());
    report.mutable_files(1)->mutable_block_crc32c()->Swap(
        report.mutable_files(2)->mutable_block_crc32c());
    want = "expected, got";
  }
  SECTION("another optimizer") {
    order.mutable_map()->mutable_tables(0)->mutable_optimizer()->set_kind(
        v1::OPTIMIZER_KIND_ADAGRAD);
    want = "tensor slot.sum";
  }
  SECTION("another number of ranks") {
    order.set_ranks(2);
    want = "progress";
  }
  const absl::Status read = ReadAll(fs, Restoring(fs, order, report)).status();
  CHECK_STATUS(read, absl::StatusCode::kDataLoss, want);
}

}  // namespace
}  // namespace paceline::server

#include "server/io/cut_writer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/fs_memory.h"
#include "common/safetensors.h"
#include "common/status/status_matchers.h"
#include "common/xxh3/xxh3.h"
#include "server/core/job_testing.h"

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

TEST_CASE("a cut holds rows, slots and progress, and its checksums are of the files") {
  const v1::ServerJobOrder order = Order();
  const KeyOfShard key = testing::KeysOfShards(order.map(), 1, 1)[0];
  const OpenedJob opened = Trained(order, key);
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 1).Finish()));
  MemoryFileSystem fs;
  const v1::CutReport report = WriteCut(fs, *opened.job, Cut(), nullptr);
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
  const v1::CutReport early = WriteCut(fs, *opened.job, Cut(), nullptr);
  CHECK_FALSE(early.done());
  CHECK_THAT(early.error(), Catch::Contains("needs all ranks finished"));
  REQUIRE_OK(PushNow(*opened.job, Frame(0, 1, 1).Finish()));
  const v1::CutReport cancelled = WriteCut(fs, *opened.job, Cut(), [] { return true; });
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
  const v1::CutReport report = WriteCut(fs, *opened.job, Cut(), nullptr);
  CHECK_FALSE(report.done());
  CHECK_THAT(report.error(), Catch::Contains("/ckpt"));
}

}  // namespace
}  // namespace paceline::server

#include "scheduler/io/parameters_hash.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/cut/cut_folder.h"
#include "common/cut/held_cuts.h"
#include "common/cut/manifest.h"
#include "common/fs_memory.h"
#include "common/safetensors.h"
#include "common/sha256.h"
#include "common/status/status_matchers.h"
#include "common/xxh3/xxh3.h"
#include "scheduler/io/cut_files.h"

namespace paceline::scheduler {
namespace {

bool Never() { return false; }

// A cut on a memory file system, and the digest of its rows computed naively.
struct TestCut {
  MemoryFileSystem fs;
  HeldCuts cuts{{.fs = &fs}};
  SharedCutFolder folder{&fs, "/cut"};
  v1::CutManifest manifest;
  std::string naive;

  void WriteShard(const v1::ShardSpec& shard, uint32_t dim, const std::vector<uint64_t>* keys,
                  const std::vector<float>& rows) {
    const std::string name = "shard-" + std::to_string(shard.shard());
    const std::string path = "/cut/" + name;
    std::vector<TensorSpec> tensors;
    if (keys != nullptr) tensors.push_back({"keys", DType::kU64, {keys->size()}});
    tensors.push_back({"rows", DType::kF32, {rows.size() / dim, dim}});
    REQUIRE_OK_AND_ASSIGN(const auto writer, SafetensorsWriter::Create(fs, path, tensors, {}));
    if (keys != nullptr) {
      REQUIRE_OK(writer->Append(
          "keys", {reinterpret_cast<const char*>(keys->data()), keys->size() * sizeof(uint64_t)}));
    }
    REQUIRE_OK(writer->Append(
        "rows", {reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(float)}));
    REQUIRE_OK(writer->Finish());
    REQUIRE_OK_AND_ASSIGN(const std::string bytes, ReadFile(fs, path));
    v1::CutFile* file = manifest.add_files();
    file->set_name(name);
    file->set_shard(shard.shard());
    file->set_bytes(bytes.size());
    file->set_xxh3(Xxh3Hex(bytes));
    for (const uint32_t crc : writer->block_crc32c()) file->add_block_crc32c(crc);
    *manifest.add_shards() = shard;
  }
};

template <typename T>
void AppendNumber(std::string* out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}

// Table "b" dense in `dense_shards` shards, table "a" sparse in 4 buckets; "b" comes
// first in the manifest, so that the order of names matters.
void MakeCut(TestCut* cut, uint64_t rows_per_shard) {
  cut->manifest.set_format_version(1);
  REQUIRE_OK(cut->fs.CreateDirs("/cut"));
  std::mt19937 random(7);
  const auto value = [&] { return static_cast<float>(random() % 1000) / 7; };
  v1::TableSpec* dense = cut->manifest.add_tables();
  dense->set_name("b");
  dense->set_kind(v1::TABLE_KIND_DENSE);
  dense->set_rows(100);
  dense->set_dim(3);
  std::string naive_dense = std::string("b") + '\0' + '\0';
  AppendNumber<uint64_t>(&naive_dense, 100);
  AppendNumber<uint32_t>(&naive_dense, 3);
  uint32_t id = 0;
  for (uint64_t first = 0; first < 100; first += rows_per_shard) {
    v1::ShardSpec shard;
    shard.set_shard(id++);
    shard.set_table(0);
    shard.set_first_row(first);
    shard.set_rows(std::min<uint64_t>(rows_per_shard, 100 - first));
    std::vector<float> rows;
    for (uint64_t row = 0; row < shard.rows(); ++row) {
      AppendNumber<uint64_t>(&naive_dense, first + row);
      for (int i = 0; i < 3; ++i) {
        rows.push_back(value());
        AppendNumber<float>(&naive_dense, rows.back());
      }
    }
    cut->WriteShard(shard, 3, nullptr, rows);
  }

  v1::TableSpec* sparse = cut->manifest.add_tables();
  sparse->set_name("a");
  sparse->set_kind(v1::TABLE_KIND_SPARSE);
  sparse->set_dim(2);
  std::map<uint64_t, std::vector<float>> all;
  for (int i = 0; i < 500; ++i) all[random()] = {value(), value()};
  for (uint32_t bucket = 0; bucket < 4; ++bucket) {
    v1::ShardSpec shard;
    shard.set_shard(id++);
    shard.set_table(1);
    shard.set_bucket(bucket);
    shard.set_buckets(4);
    std::vector<uint64_t> keys;
    std::vector<float> rows;
    for (const auto& [key, row] : all) {
      // Bucket 3 stays empty.
      if (key % 3 != bucket) continue;
      keys.push_back(key);
      rows.insert(rows.end(), row.begin(), row.end());
    }
    cut->WriteShard(shard, 2, &keys, rows);
  }
  std::string naive_sparse = std::string("a") + '\0' + '\1';
  AppendNumber<uint64_t>(&naive_sparse, all.size());
  AppendNumber<uint32_t>(&naive_sparse, 2);
  for (const auto& [key, row] : all) {
    AppendNumber<uint64_t>(&naive_sparse, key);
    for (const float v : row) AppendNumber<float>(&naive_sparse, v);
  }
  Sha256 hash;
  hash.Update(naive_sparse + naive_dense);
  cut->naive = hash.HexDigest();
}

TEST_CASE("the hash is that of the rows in key order, however they are sharded") {
  const uint64_t rows_per_shard = GENERATE(100, 30, 1);
  TestCut cut;
  MakeCut(&cut, rows_per_shard);
  REQUIRE_OK_AND_ASSIGN(const std::string hash, HashParameters(cut.folder, cut.manifest, Never));
  CHECK(hash == cut.naive);
  CHECK(hash.size() == 64);
}

TEST_CASE("a cut of many rows streams through small buffers") {
  TestCut cut;
  v1::TableSpec* table = cut.manifest.add_tables();
  table->set_name("t");
  table->set_kind(v1::TABLE_KIND_DENSE);
  table->set_rows(5000);
  table->set_dim(200);
  REQUIRE_OK(cut.fs.CreateDirs("/cut"));
  v1::ShardSpec shard;
  shard.set_rows(5000);
  std::vector<float> rows(5000 * 200);
  std::string naive = std::string("t") + '\0' + '\0';
  AppendNumber<uint64_t>(&naive, 5000);
  AppendNumber<uint32_t>(&naive, 200);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i % 200 == 0) AppendNumber<uint64_t>(&naive, i / 200);
    rows[i] = static_cast<float>(i);
    AppendNumber<float>(&naive, rows[i]);
  }
  cut.WriteShard(shard, 200, nullptr, rows);
  Sha256 expected;
  expected.Update(naive);
  REQUIRE_OK_AND_ASSIGN(const std::string hash, HashParameters(cut.folder, cut.manifest, Never));
  CHECK(hash == expected.HexDigest());
}

TEST_CASE("cuts that are not what their manifest says") {
  TestCut cut;
  MakeCut(&cut, 30);
  std::string want;
  SECTION("a shard without a file") {
    cut.manifest.mutable_files()->DeleteSubrange(1, 1);
    want = "no file";
  }
  SECTION("another dim") {
    cut.manifest.mutable_tables(0)->set_dim(4);
    want = "dim 4 expected, got 3";
  }
  SECTION("fewer rows in a file") {
    cut.manifest.mutable_shards(0)->set_rows(31);
    want = "31 rows expected, got 30";
  }
  SECTION("rows that are in no shard") {
    cut.manifest.mutable_tables(0)->set_rows(101);
    want = "101 rows expected, the cut has 100";
  }
  SECTION("ranges that do not follow one another") {
    cut.manifest.mutable_shards(1)->set_first_row(40);
    want = "row 30 expected, got 40";
  }
  SECTION("a dense shard where a sparse one should be") {
    cut.manifest.mutable_tables(0)->set_kind(v1::TABLE_KIND_SPARSE);
    want = "tensor keys";
  }
  SECTION("keys that do not ascend") {
    v1::ShardSpec shard = cut.manifest.shards(4);
    const std::vector<uint64_t> keys = {5, 5};
    cut.WriteShard(shard, 2, &keys, {1, 2, 3, 4});
    // It took the place of shard 4's file under the same name.
    want = "keys must ascend";
    cut.manifest.mutable_shards()->RemoveLast();
  }
  CHECK_STATUS(HashParameters(cut.folder, cut.manifest, Never), absl::StatusCode::kDataLoss, want);
}

TEST_CASE("stopping") {
  TestCut cut;
  MakeCut(&cut, 30);
  const auto always = [] { return true; };
  CHECK_STATUS(HashParameters(cut.folder, cut.manifest, always), absl::StatusCode::kCancelled,
               "shutting down");
  CHECK_STATUS(CommitCut(cut.cuts, "/cut", cut.manifest, always), absl::StatusCode::kCancelled,
               "given up");
}

TEST_CASE("a committed cut has a durable manifest that reads back") {
  TestCut cut;
  MakeCut(&cut, 30);
  REQUIRE_OK(cut.fs.SyncDir("/cut"));
  REQUIRE_OK_AND_ASSIGN(const std::string xxh3, CommitCut(cut.cuts, "/cut", cut.manifest, Never));
  cut.fs.ForgetUnsynced();
  REQUIRE_OK_AND_ASSIGN(const v1::CutManifest read, cut.cuts.Manifest("/cut", xxh3, {}));
  CHECK(read.SerializeAsString() == cut.manifest.SerializeAsString());
  REQUIRE_OK_AND_ASSIGN(const std::string hash, HashParameters(cut.folder, read, Never));
  CHECK(hash == cut.naive);

  CHECK_STATUS(cut.cuts.Manifest("/cut", std::string(32, '0'), {}), absl::StatusCode::kDataLoss,
               "expected, got");
  REQUIRE_OK(WriteFileDurably(cut.fs, "/cut/manifest.json", "{"));
  CHECK_STATUS(cut.cuts.Manifest("/cut", Xxh3Hex("{"), {}), absl::StatusCode::kDataLoss,
               "manifest.json");
  const std::string newer = "{\"format_version\": 9}";
  REQUIRE_OK(WriteFileDurably(cut.fs, "/cut/manifest.json", newer));
  CHECK_STATUS(cut.cuts.Manifest("/cut", Xxh3Hex(newer), {}), absl::StatusCode::kDataLoss,
               "format version 1 to 1 required, got 9");
}

TEST_CASE("cuts that are kept no more are removed, and nothing else is") {
  MemoryFileSystem fs;
  for (const char* dir : {"00000001", "00000002", "00000003", "00000004", "index", "123"}) {
    const std::string path = std::string("/job/") + dir;
    REQUIRE_OK(fs.CreateDirs(path));
    REQUIRE_OK(WriteFileDurably(fs, path + "/manifest.json", "{}"));
    REQUIRE_OK(WriteFileDurably(fs, path + "/shard-000000.safetensors", "x"));
  }
  REQUIRE_OK(RemoveCuts(fs, "/job", 4, {2}));
  REQUIRE_OK_AND_ASSIGN(const std::vector<std::string> left, fs.List("/job"));
  CHECK(left == std::vector<std::string>{"00000002", "00000004", "123", "index"});
}

TEST_CASE("files that are not what the servers reported are no cut") {
  TestCut cut;
  MakeCut(&cut, 30);
  v1::CutFile* file = cut.manifest.mutable_files(2);
  std::string want;
  SECTION("another size") {
    file->set_bytes(file->bytes() + 1);
    want = "bytes expected, got";
  }
  SECTION("a flipped bit") {
    REQUIRE_OK_AND_ASSIGN(std::string bytes, ReadFile(cut.fs, "/cut/" + file->name()));
    bytes[bytes.size() / 2] ^= 1;
    REQUIRE_OK(WriteFileDurably(cut.fs, "/cut/" + file->name(), bytes));
    want = "CRC32C";
  }
  SECTION("a missing file") {
    REQUIRE_OK(cut.fs.Remove("/cut/" + file->name()));
    want = file->name();
  }
  SECTION("a name that leaves the folder") {
    file->set_name("../secret");
    want = "../secret";
  }
  CHECK_STATUS(CommitCut(cut.cuts, "/cut", cut.manifest, Never), absl::StatusCode::kDataLoss, want);
  CHECK_FALSE(cut.fs.Exists("/cut/manifest.json"));
}

}  // namespace
}  // namespace paceline::scheduler

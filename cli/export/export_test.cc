// From the pieces of a cut to one file.
#include "cli/export/export.h"

#include <grpcpp/security/credentials.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/export/cut_receiver.h"
#include "cli/export/cut_tables.h"
#include "cli/export/npz_writer.h"
#include "cli/fake_scheduler.h"
#include "cli/scheduler_client.h"
#include "cli/test_environment.h"
#include "common/fs_memory.h"
#include "common/json/proto_json.h"
#include "common/rpc/channel.h"
#include "common/safetensors.h"
#include "common/status/status_matchers.h"
#include "common/xxh3/xxh3.h"

namespace paceline::cli {
namespace {

template <typename T>
std::string Raw(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

struct Tensor {
  TensorSpec spec;
  std::string bytes;
};

std::string Safetensors(const std::vector<Tensor>& tensors) {
  MemoryFileSystem fs;
  std::vector<TensorSpec> specs;
  for (const Tensor& tensor : tensors) {
    specs.push_back(tensor.spec);
  }
  REQUIRE_OK_AND_ASSIGN(const auto writer, SafetensorsWriter::Create(fs, "/x", specs, {}));
  for (const Tensor& tensor : tensors) {
    if (!tensor.bytes.empty()) {
      REQUIRE_OK(writer->Append(tensor.spec.name, tensor.bytes));
    }
  }
  REQUIRE_OK(writer->Finish());
  REQUIRE_OK_AND_ASSIGN(const std::string bytes, ReadFile(fs, "/x"));
  return bytes;
}

// A dense table "a/w" [3, 2] in two shards, and a sparse table "b" in two buckets.
struct Cut {
  v1::CutManifest manifest;
  std::map<std::string, std::string> files;

  Cut() {
    manifest.set_format_version(1);
    manifest.set_job_id(1);
    manifest.set_cut_id(4);
    manifest.set_job_name("x");
    AddTable("a/w", v1::TABLE_KIND_DENSE, 3, 2);
    AddTable("b", v1::TABLE_KIND_SPARSE, 0, 1);
    AddShard(0, 0, 2, {{{"rows", DType::kF32, {2, 2}}, Raw<float>({1, 2, 3, 4})}});
    AddShard(0, 2, 1, {{{"rows", DType::kF32, {1, 2}}, Raw<float>({5, 6})}});
    AddSparse({3, 9, 1ULL << 60}, {30, 90, 60});
    AddSparse({1, 4}, {10, 40});
    AddSparse({}, {});
  }

  void AddTable(const std::string& name, v1::TableKind kind, uint64_t rows, uint32_t dim) {
    v1::TableSpec* table = manifest.add_tables();
    table->set_name(name);
    table->set_kind(kind);
    table->set_rows(rows);
    table->set_dim(dim);
  }

  void AddShard(uint32_t table, uint64_t first_row, uint64_t rows,
                const std::vector<Tensor>& tensors) {
    v1::ShardSpec* shard = manifest.add_shards();
    const uint32_t number = manifest.shards_size() - 1;
    shard->set_shard(number);
    shard->set_table(table);
    shard->set_first_row(first_row);
    shard->set_rows(rows);
    const std::string name = absl::StrCat("shard-", number, ".safetensors");
    files[name] = Safetensors(tensors);
    v1::CutFile* file = manifest.add_files();
    file->set_name(name);
    file->set_shard(number);
    file->set_bytes(files[name].size());
    file->set_xxh3(Xxh3Hex(files[name]));
  }

  void AddSparse(const std::vector<uint64_t>& keys, const std::vector<float>& rows) {
    AddShard(1, 0, 0,
             {{{"keys", DType::kU64, {keys.size()}}, Raw(keys)},
              {{"rows", DType::kF32, {rows.size(), 1}}, Raw(rows)}});
  }

  std::vector<v1::CutChunk> Chunks(size_t piece) const {
    std::vector<v1::CutChunk> chunks;
    const auto add = [&](const std::string& name, const std::string& bytes) {
      for (size_t at = 0; at < bytes.size(); at += piece) {
        chunks.emplace_back();
        chunks.back().set_file(name);
        chunks.back().set_offset(at);
        chunks.back().set_data(bytes.substr(at, piece));
      }
    };
    add("manifest.json", ProtoToJson(manifest, JsonLayout::kIndented));
    for (const auto& [name, bytes] : files) {
      add(name, bytes);
    }
    return chunks;
  }
};

absl::Status Receive(FileSystem& fs, const std::vector<v1::CutChunk>& chunks) {
  CutReceiver receiver(fs, "/cut");
  for (const v1::CutChunk& chunk : chunks) {
    if (absl::Status status = receiver.Add(chunk); !status.ok()) {
      return status;
    }
  }
  return receiver.Finish().status();
}

// A reader of stored zip archives that goes by the directory, and checks the CRCs.
std::map<std::string, std::string> Unzip(const std::string& zip) {
  const auto number = [&](size_t at, size_t bytes) {
    uint64_t value = 0;
    REQUIRE(at + bytes <= zip.size());
    std::memcpy(&value, zip.data() + at, bytes);
    return value;
  };
  const size_t end = zip.size() - 22;
  REQUIRE(number(end, 4) == 0x06054b50);
  REQUIRE(number(end - 20, 4) == 0x07064b50);
  const size_t end64 = number(end - 20 + 8, 8);
  REQUIRE(number(end64, 4) == 0x06064b50);
  size_t at = number(end64 + 48, 8);
  std::map<std::string, std::string> entries;
  for (uint64_t i = 0; i < number(end64 + 32, 8); ++i) {
    REQUIRE(number(at, 4) == 0x02014b50);
    const size_t name_bytes = number(at + 28, 2);
    const size_t extra = at + 46 + name_bytes;
    const std::string name = zip.substr(at + 46, name_bytes);
    const size_t size = number(extra + 4, 8);
    const size_t local = number(extra + 20, 8);
    REQUIRE(number(local, 4) == 0x04034b50);
    const size_t data = local + 30 + number(local + 26, 2) + number(local + 28, 2);
    entries[name] = zip.substr(data, size);
    CHECK(number(at + 16, 4) ==
          crc32(0, reinterpret_cast<const Bytef*>(zip.data() + data), static_cast<uInt>(size)));
    CHECK(number(data + size, 4) == 0x08074b50);
    at = extra + number(at + 30, 2);
  }
  return entries;
}

TEST_CASE("an npy header is what NumPy writes") {
  const std::string matrix = NpyHeader({"x", DType::kF32, {3, 2}});
  CHECK(matrix.size() == 128);
  CHECK(matrix.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  CHECK(absl::StartsWith(matrix.substr(10),
                         "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), } "));
  CHECK(matrix.back() == '\n');
  CHECK(absl::StrContains(NpyHeader({"x", DType::kU64, {7}}),
                          "'<u8', 'fortran_order': False, "
                          "'shape': (7,), }"));
}

TEST_CASE("an npz writer takes exactly the bytes of its arrays") {
  MemoryFileSystem fs;
  REQUIRE_OK_AND_ASSIGN(auto file, fs.OpenForWrite("/x.npz"));
  NpzWriter writer(std::move(file));
  REQUIRE_OK(writer.Begin({"a/b", DType::kU8, {3}}));
  CHECK_STATUS(writer.Append("abcd"), absl::StatusCode::kInvalidArgument,
               "a/b.npy: 3 more bytes expected, got 4");
  REQUIRE_OK(writer.Append("ab"));
  CHECK_STATUS(writer.Finish(), absl::StatusCode::kFailedPrecondition,
               "a/b.npy: 1 bytes are missing");
  CHECK_STATUS(writer.Begin({"c", DType::kU8, {1}}), absl::StatusCode::kFailedPrecondition,
               "1 bytes are missing");
  REQUIRE_OK(writer.Append("c"));
  REQUIRE_OK(writer.Begin({"empty", DType::kU8, {0}}));
  REQUIRE_OK(writer.Finish());
  REQUIRE_OK_AND_ASSIGN(const std::string zip, ReadFile(fs, "/x.npz"));
  const auto entries = Unzip(zip);
  REQUIRE(entries.size() == 2);
  CHECK(entries.at("a/b.npy") == NpyHeader({"", DType::kU8, {3}}) + "abc");
  CHECK(entries.at("empty.npy") == NpyHeader({"", DType::kU8, {0}}));
}

TEST_CASE("the pieces of a cut are put together whatever their size") {
  const Cut cut;
  for (const size_t piece : {1, 100, 1 << 20}) {
    MemoryFileSystem fs;
    REQUIRE_OK(fs.CreateDirs("/cut"));
    REQUIRE_OK(Receive(fs, cut.Chunks(piece)));
    for (const auto& [name, bytes] : cut.files) {
      CHECK(*ReadFile(fs, "/cut/" + name) == bytes);
    }
  }
}

TEST_CASE("damage on the way is found") {
  MemoryFileSystem fs;
  REQUIRE_OK(fs.CreateDirs("/cut"));
  const Cut cut;
  const auto damaged = [&](const std::function<void(std::vector<v1::CutChunk>&)>& damage) {
    std::vector<v1::CutChunk> chunks = cut.Chunks(1 << 20);
    damage(chunks);
    const absl::Status status = Receive(fs, chunks);
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    return std::string(status.message());
  };
  CHECK(absl::StrContains(damaged([](auto& chunks) { (*chunks[1].mutable_data())[70] ^= 1; }),
                          "shard-0.safetensors: "));
  CHECK(absl::StrContains(damaged([](auto& chunks) { chunks[1].mutable_data()->pop_back(); }),
                          "shard-0.safetensors: "));
  CHECK(damaged([](auto& chunks) { chunks.pop_back(); }) == "shard-4.safetensors has not come");
  CHECK(damaged([](auto& chunks) { chunks[1].set_offset(1); }) ==
        "shard-0.safetensors: a piece at byte 0 expected, got one at 1");
  CHECK(absl::StrContains(damaged([](auto& chunks) { chunks[1].set_file("extra"); }),
                          "extra: not a file of the manifest"));
  CHECK(damaged([](auto& chunks) { chunks.erase(chunks.begin()); }) ==
        "manifest.json expected first, got shard-0.safetensors");
  CHECK(damaged([](auto& chunks) { chunks.clear(); }) == "manifest.json has not come");
  CHECK(
      absl::StrContains(damaged([](auto& chunks) { chunks[0].set_data("{"); }), "manifest.json: "));
}

TEST_CASE("a manifest cannot lead out of the folder, nor be of the future") {
  MemoryFileSystem fs;
  for (const char* name : {"../evil", "/evil", ".", ""}) {
    Cut cut;
    cut.manifest.mutable_files(0)->set_name(name);
    CHECK_STATUS(Receive(fs, cut.Chunks(1 << 20)), absl::StatusCode::kDataLoss,
                 "a plain file name expected");
  }
  Cut cut;
  cut.manifest.set_format_version(2);
  CHECK_STATUS(Receive(fs, cut.Chunks(1 << 20)), absl::StatusCode::kFailedPrecondition,
               "format version 2; this program reads up to 1");
}

std::map<std::string, std::string> Arrays(const Cut& cut) {
  MemoryFileSystem fs;
  REQUIRE_OK(fs.CreateDirs("/cut"));
  for (const auto& [name, bytes] : cut.files) {
    REQUIRE_OK(WriteFileDurably(fs, "/cut/" + name, bytes));
  }
  REQUIRE_OK_AND_ASSIGN(const auto tables, CutTables::Open(fs, "/cut", cut.manifest));
  std::map<std::string, std::string> arrays;
  for (size_t i = 0; i < tables->arrays().size(); ++i) {
    std::string& bytes = arrays[tables->arrays()[i].name];
    REQUIRE_OK(tables->Write(i, [&](absl::string_view piece) {
      absl::StrAppend(&bytes, piece);
      return absl::OkStatus();
    }));
  }
  return arrays;
}

TEST_CASE("shards become whole tables, sparse ones in the order of keys") {
  const auto arrays = Arrays(Cut());
  REQUIRE(arrays.size() == 3);
  CHECK(arrays.at("a/w") == Raw<float>({1, 2, 3, 4, 5, 6}));
  CHECK(arrays.at("b.keys") == Raw<uint64_t>({1, 3, 4, 9, 1ULL << 60}));
  CHECK(arrays.at("b.rows") == Raw<float>({10, 30, 40, 90, 60}));
}

TEST_CASE("many keys are merged in blocks") {
  Cut cut;
  std::vector<uint64_t> even;
  std::vector<uint64_t> odd;
  for (uint64_t key = 100; key < 60100; ++key) {
    (key % 2 == 0 ? even : odd).push_back(key);
  }
  cut.AddSparse(even, std::vector<float>(even.begin(), even.end()));
  cut.AddSparse(odd, std::vector<float>(odd.begin(), odd.end()));
  const auto arrays = Arrays(cut);
  std::vector<uint64_t> keys = {1, 3, 4, 9};
  std::vector<float> rows = {10, 30, 40, 90};
  for (uint64_t key = 100; key < 60100; ++key) {
    keys.push_back(key);
    rows.push_back(static_cast<float>(key));
  }
  keys.push_back(1ULL << 60);
  rows.push_back(60);
  CHECK((arrays.at("b.keys") == Raw(keys)));
  CHECK((arrays.at("b.rows") == Raw(rows)));
}

TEST_CASE("shard files that are not as the manifest says are refused") {
  const auto refused = [](Cut cut) {
    MemoryFileSystem fs;
    REQUIRE_OK(fs.CreateDirs("/cut"));
    for (const auto& [name, bytes] : cut.files) {
      REQUIRE_OK(WriteFileDurably(fs, "/cut/" + name, bytes));
    }
    const auto tables = CutTables::Open(fs, "/cut", cut.manifest);
    CHECK(tables.status().code() == absl::StatusCode::kDataLoss);
    return std::string(tables.status().message());
  };
  Cut wide;
  wide.manifest.mutable_tables(0)->set_dim(3);
  CHECK(absl::StrContains(refused(wide), "shard-0.safetensors: tensor rows"));
  Cut gap;
  gap.manifest.mutable_shards(1)->set_first_row(3);
  CHECK(refused(gap) == "manifest.json: shard 1: first row 2 expected, got 3");
  Cut short_table;
  short_table.manifest.mutable_tables(0)->set_rows(4);
  CHECK(refused(short_table) == "manifest.json: table a/w: 4 rows expected, shards hold 3");
  Cut no_file;
  no_file.manifest.mutable_files(4)->set_shard(77);
  CHECK(refused(no_file) == "manifest.json: shard 4 has no table or no file");
}

TEST_CASE("keys that do not ascend are found while merging") {
  Cut cut;
  cut.AddSparse({7, 7}, {1, 2});
  MemoryFileSystem fs;
  REQUIRE_OK(fs.CreateDirs("/cut"));
  for (const auto& [name, bytes] : cut.files) {
    REQUIRE_OK(WriteFileDurably(fs, "/cut/" + name, bytes));
  }
  REQUIRE_OK_AND_ASSIGN(const auto tables, CutTables::Open(fs, "/cut", cut.manifest));
  CHECK_STATUS(tables->Write(1, [](absl::string_view) { return absl::OkStatus(); }),
               absl::StatusCode::kDataLoss, "keys: one greater than 7 expected, got 7");
}

TEST_CASE("export writes one file in either format, and none when the cut is damaged") {
  FakeScheduler scheduler;
  TestEnvironment test;
  SchedulerClient client(scheduler.address(),
                         MakeChannel(scheduler.address(), grpc::InsecureChannelCredentials()),
                         &test.interrupt);
  Cut cut;
  cut.manifest.mutable_spec()->mutable_model()->set_kind(v1::MODEL_KIND_FM);
  scheduler.SetCut(cut.Chunks(64));
  v1::Job job;
  job.set_job_id(1);
  scheduler.SetJob(job);
  ExportOptions options{.job_id = 1, .file = JoinPath(test.folder.path(), "x.npz")};
  options.format = ExportFormat::kNpz;
  REQUIRE_OK(Export(options, client, test.env));
  CHECK(test.out.str() == "a/w  F32 [3, 2]\nb.keys  U64 [5]\nb.rows  F32 [5, 1]\n");
  REQUIRE_OK_AND_ASSIGN(const std::string zip, ReadFile(test.fs, options.file));
  CHECK(Unzip(zip).at("a/w.npy") ==
        NpyHeader({"", DType::kF32, {3, 2}}) + Raw<float>({1, 2, 3, 4, 5, 6}));

  options.file = JoinPath(test.folder.path(), "x.safetensors");
  options.format = ExportFormat::kSafetensors;
  REQUIRE_OK(Export(options, client, test.env));
  REQUIRE_OK_AND_ASSIGN(const auto reader, SafetensorsReader::Open(test.fs, options.file));
  CHECK(reader->Find("b.keys")->spec.shape == std::vector<uint64_t>{5});
  CHECK(reader->metadata().at("cut_id") == "4");
  CHECK(absl::StrContains(reader->metadata().at("model"), "MODEL_KIND_FM"));

  options.best = true;
  CHECK_STATUS(Export(options, client, test.env), absl::StatusCode::kNotFound,
               "job 1 has no cut of its best evaluation");
  v1::CutStatus* best = job.add_cuts();
  best->set_cut_id(4);
  best->set_best(true);
  scheduler.SetJob(job);
  REQUIRE_OK(Export(options, client, test.env));
  options.best = false;

  std::vector<v1::CutChunk> chunks = cut.Chunks(64);
  chunks.pop_back();
  scheduler.SetCut(chunks);
  options.file = JoinPath(test.folder.path(), "y.npz");
  CHECK_STATUS(Export(options, client, test.env), absl::StatusCode::kDataLoss, "");
  CHECK_FALSE(test.fs.Exists(options.file));
  options.job_id = 2;
  CHECK_STATUS(Export(options, client, test.env), absl::StatusCode::kNotFound, "no job 2");
}

TEST_CASE("the ending of a file tells its format") {
  CHECK(*ExportFormatOf("a.npz") == ExportFormat::kNpz);
  CHECK(*ExportFormatOf("a.SAFETENSORS") == ExportFormat::kSafetensors);
  CHECK_STATUS(ExportFormatOf("a.txt"), absl::StatusCode::kInvalidArgument, "a.txt: ");
}

}  // namespace
}  // namespace paceline::cli

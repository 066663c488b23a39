#include "common/safetensors.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/fs_memory.h"
#include "common/random.h"
#include "common/status/status_matchers.h"
#include "common/xxh3/xxh3.h"

namespace paceline {
namespace {

using Code = absl::StatusCode;

std::string WithLength(absl::string_view json) {
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(json.size() >> (8 * i) & 0xff));
  return absl::StrCat(out, json);
}

void Put(FileSystem& fs, const std::string& path, absl::string_view contents) {
  REQUIRE_OK(WriteFileDurably(fs, path, contents));
}

absl::Status OpenStatus(absl::string_view contents) {
  MemoryFileSystem fs;
  Put(fs, "/f", contents);
  return SafetensorsReader::Open(fs, "/f").status();
}

// A small valid file of two tensors.
std::string SmallFile(FileSystem& fs) {
  auto writer = SafetensorsWriter::Create(
      fs, "/small",
      {{"w", DType::kF32, {2, 3}}, {"none", DType::kU8, {0, 9}}, {"k", DType::kU64, {}}},
      {{"rank", "3"}});
  REQUIRE_OK(writer);
  REQUIRE_OK((*writer)->Append("w", std::string(20, 'w')));
  REQUIRE_OK((*writer)->Append("w", std::string(4, 'W')));
  REQUIRE_OK((*writer)->Append("k", "12345678"));
  REQUIRE_OK((*writer)->Finish());
  REQUIRE_OK_AND_ASSIGN(std::string contents, ReadFile(fs, "/small"));
  REQUIRE((*writer)->file_bytes() == contents.size());
  REQUIRE((*writer)->block_crc32c() == std::vector{Crc32c(contents)});
  REQUIRE((*writer)->file_xxh3() == Xxh3Hex(contents));
  return contents;
}

TEST_CASE("what was written is read back") {
  MemoryFileSystem fs;
  const std::string contents = SmallFile(fs);
  REQUIRE((contents.size() - 32) % 64 == 0);
  // Finish has synced the bytes.
  REQUIRE_OK(fs.SyncDir("/"));
  fs.ForgetUnsynced();

  REQUIRE_OK_AND_ASSIGN(const auto reader, SafetensorsReader::Open(fs, "/small"));
  REQUIRE(reader->metadata() == TensorMetadata{{"rank", "3"}});
  REQUIRE(reader->tensors().size() == 3);
  const TensorInfo* w = reader->Find("w");
  REQUIRE(w != nullptr);
  REQUIRE(w->spec.dtype == DType::kF32);
  REQUIRE(w->spec.shape == std::vector<std::uint64_t>{2, 3});
  std::string bytes(6, '?');
  REQUIRE_OK(reader->Read(*w, 18, absl::MakeSpan(bytes)));
  REQUIRE(bytes == "wwWWWW");
  REQUIRE_STATUS(reader->Read(*w, 19, absl::MakeSpan(bytes)), Code::kOutOfRange, "\"w\"");
  const TensorInfo* k = reader->Find("k");
  REQUIRE(k != nullptr);
  REQUIRE(k->spec.shape.empty());
  bytes.resize(8);
  REQUIRE_OK(reader->Read(*k, 0, absl::MakeSpan(bytes)));
  REQUIRE(bytes == "12345678");
  REQUIRE(reader->Find("none")->bytes == 0);
  REQUIRE(reader->Find("absent") == nullptr);
}

TEST_CASE("a file without tensors is valid") {
  MemoryFileSystem fs;
  REQUIRE_OK_AND_ASSIGN(auto writer, SafetensorsWriter::Create(fs, "/e", {}, {}));
  REQUIRE_OK(writer->Finish());
  REQUIRE_OK_AND_ASSIGN(const auto reader, SafetensorsReader::Open(fs, "/e"));
  REQUIRE(reader->tensors().empty());
}

TEST_CASE("the writer refuses wrong declarations, order and size") {
  MemoryFileSystem fs;
  const auto create = [&](std::vector<TensorSpec> tensors, TensorMetadata metadata = {}) {
    return SafetensorsWriter::Create(fs, "/x", std::move(tensors), metadata).status();
  };
  REQUIRE_STATUS(create({{"a"}, {"a"}}), Code::kInvalidArgument, "twice");
  REQUIRE_STATUS(create({{"__metadata__"}}), Code::kInvalidArgument, "reserved");
  REQUIRE_STATUS(create({{"\xff"}}), Code::kInvalidArgument, "UTF-8");
  REQUIRE_STATUS(create({{"a", DType::kU8, {1ull << 40, 1ull << 40}}}), Code::kInvalidArgument,
                 "2^63");
  REQUIRE_STATUS(create({{"a"}}, {{"k", std::string(101'000'000, 'x')}}), Code::kResourceExhausted,
                 "at most 100000000");

  REQUIRE_OK_AND_ASSIGN(
      auto writer,
      SafetensorsWriter::Create(fs, "/x", {{"a", DType::kU8, {3}}, {"b", DType::kU8, {1}}}, {}));
  REQUIRE_STATUS(writer->Append("b", "1"), Code::kInvalidArgument, "\"a\" expected");
  REQUIRE_STATUS(writer->Append("a", "1234"), Code::kInvalidArgument, "3 bytes left, got 4");
  REQUIRE_OK(writer->Append("a", "123"));
  REQUIRE_STATUS(writer->Finish(), Code::kFailedPrecondition, "\"b\": 1 bytes expected, got 0");
  REQUIRE_OK(writer->Append("b", "1"));
  REQUIRE_STATUS(writer->Append("b", "1"), Code::kInvalidArgument, "got of \"b\"");
  REQUIRE_OK(writer->Finish());
}

TEST_CASE("the reader refuses what the format forbids") {
  const struct {
    absl::string_view json;
    absl::string_view data;
    absl::string_view message;
  } cases[] = {
      {R"([])", "", "not a JSON object"},
      {R"({"a":)", "", "not a JSON object"},
      {R"({"a":1})", "", "dtype, shape and data_offsets expected"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0}})", "1", "expected"},
      {R"({"a":{"dtype":"BF9","shape":[1],"data_offsets":[0,1]}})", "1", "unknown dtype \"BF9\""},
      {R"({"a":{"dtype":7,"shape":[1],"data_offsets":[0,1]}})", "1", "unknown dtype 7"},
      {R"({"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}})", "1", "shape is not an array"},
      {R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", "1", "natural number"},
      {R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", "1", "natural number"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", "1", "two natural numbers"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", "1", "do not fit"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}})", "1", "do not fit"},
      {R"({"a":{"dtype":"U8","shape":[4294967296,4294967296,2],"data_offsets":[0,0]}})", "",
       "do not fit"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", "12", "begins at 1"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
           "b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
       "123", "begins at 1, the one before ends at 2"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "12", "1 bytes of data"},
      {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "1", "2 bytes of data"},
      {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
           "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       "1", "\"a\": named twice"},
      {R"({"a":{"dtype":"U8","dtype":"I32","shape":[1],"data_offsets":[0,1]}})", "1", "twice"},
      {R"({"__metadata__":[]})", "", "not an object"},
      {R"({"__metadata__":{"k":1}})", "", "k is not a string"},
  };
  for (const auto& [json, data, message] : cases) {
    INFO(json);
    CHECK_STATUS(OpenStatus(absl::StrCat(WithLength(json), data)), Code::kDataLoss,
                 std::string(message));
  }
  CHECK_STATUS(OpenStatus(""), Code::kDataLoss, "0 bytes");
  CHECK_STATUS(OpenStatus(std::string("\x09\0\0\0\0\0\0\0{}", 10)), Code::kDataLoss, "header of 9");
  CHECK_STATUS(OpenStatus(std::string(8, '\xff') + "{}"), Code::kDataLoss, "header of");
  CHECK_OK(OpenStatus(WithLength("{}  ")));
}

TEST_CASE("damaged files are refused or read within bounds, never crash") {
  MemoryFileSystem fs;
  const std::string good = SmallFile(fs);
  for (std::uint64_t round = 0; round < 2000; ++round) {
    std::string bad = good;
    const std::uint64_t flips = 1 + RandomBelow(4, 5, round, 0);
    for (std::uint64_t i = 1; i <= flips; ++i) {
      bad[RandomBelow(bad.size(), 5, round, 2 * i)] =
          static_cast<char>(RandomBits(5, round, 2 * i + 1));
    }
    if (RandomBelow(4, 6, round, 0) == 0) bad.resize(RandomBelow(bad.size(), 6, round, 1));
    Put(fs, "/bad", bad);
    const auto reader = SafetensorsReader::Open(fs, "/bad");
    if (!reader.ok()) {
      REQUIRE(reader.status().code() == Code::kDataLoss);
      continue;
    }
    for (const TensorInfo& tensor : (*reader)->tensors()) {
      std::string bytes(tensor.bytes, '\0');
      REQUIRE_OK((*reader)->Read(tensor, 0, absl::MakeSpan(bytes)));
    }
  }
}

}  // namespace
}  // namespace paceline

#include "worker/io/data/cifar10_dataset.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "worker/io/data/gzip_fixture.h"
#include "worker/io/data/open_dataset.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;
using testing::Gzip;

// Pixel p of record i is i + p modulo 256.
std::string Records(const std::string& labels) {
  std::string bytes;
  for (size_t i = 0; i < labels.size(); ++i) {
    bytes.push_back(labels[i]);
    for (size_t p = 0; p < Cifar10Dataset::kPixels; ++p) {
      bytes.push_back(static_cast<char>(i + p));
    }
  }
  return bytes;
}

v1::DataFile File(const std::string& path) {
  v1::DataFile file;
  file.set_format(v1::DATA_FORMAT_CIFAR10);
  file.set_path(path);
  return file;
}

TEST_CASE("labels and planes, plain and gzipped") {
  MemoryFileSystem fs;
  // More records than are looked at in one piece.
  const std::string bytes = Records(std::string(300, '\x02') + std::string("\x09\x00", 2));
  REQUIRE_OK(WriteFileDurably(fs, "/data.bin", bytes));
  REQUIRE_OK(WriteFileDurably(fs, "/data.bin.gz", Gzip(bytes)));
  v1::DataSpec spec;
  spec.set_scale(0.5);
  for (const std::string path : {"/data.bin", "/data.bin.gz"}) {
    for (const std::string dir : {"", "/i"}) {
      REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(File(path), spec, &fs, dir));
      CHECK(data->records() == 302);
      CHECK(data->features() == 3072);
      CHECK(data->dense_values() == 3072);
      CHECK(data->classes() == 10);
      CHECK(data->bad_records() == 0);
      Batch batch;
      batch.labels.push_back(7);
      REQUIRE_OK(data->Read({300, 1, 301}, &batch));
      CHECK(batch.dense);
      CHECK(batch.features == 3072);
      CHECK(batch.nominal == 3);
      CHECK(batch.labels == std::vector<float>{9, 2, 0});
      REQUIRE(batch.dense_values.size() == 3 * 3072);
      CHECK(batch.dense_values[0] == 0.5f * (300 % 256));
      CHECK(batch.dense_values[3072 + 254] == 0.5f * 255);
      CHECK(batch.dense_values[3072 + 255] == 0);
      CHECK(batch.dense_values.back() == 0.5f * ((301 + 3071) % 256));
      CHECK_STATUS(data->Read({302}, &batch), Code::kOutOfRange, "record 302 of a data set of 302");
      REQUIRE_OK(data->Read({}, &batch));
      CHECK(batch.size() == 0);
    }
  }
}

TEST_CASE("files that are no CIFAR-10, or do not fit the job") {
  MemoryFileSystem fs;
  const std::string good = Records(std::string("\x01\x05", 2));
  REQUIRE_OK(WriteFileDurably(fs, "/good", good));
  REQUIRE_OK(WriteFileDurably(fs, "/short", good.substr(1)));
  REQUIRE_OK(WriteFileDurably(fs, "/long", good + "x"));
  // Behind the first piece.
  REQUIRE_OK(WriteFileDurably(fs, "/eleven", Records(std::string(299, '\x01') + "\x0a")));
  v1::DataSpec narrow;
  narrow.set_features(784);
  v1::DataSpec five;
  five.set_classes(5);
  struct Case {
    std::string path;
    v1::DataSpec spec;
    Code code;
    std::string error;
  };
  const Case cases[] = {
      {"/missing", {}, Code::kNotFound, "the job's data file: open /missing"},
      {"/short", {}, Code::kDataLoss, "/short: a multiple of 3073 bytes expected"},
      {"/long", {}, Code::kDataLoss, "got 6147"},
      {"/eleven",
       {},
       Code::kInvalidArgument,
       "/eleven: record 299: label 10: an integer from 0 to 9 expected"},
      {"/good", narrow, Code::kInvalidArgument, "/good: 784 features expected, got 3072 pixels"},
      {"/good", five, Code::kInvalidArgument,
       "/good: record 1: label 5: an integer from 0 to 4 expected"},
  };
  for (const Case& c : cases) {
    CHECK_STATUS(OpenDataset(File(c.path), c.spec, &fs, "/i"), c.code, c.error);
  }
}

TEST_CASE("a change of the file while in use is an error") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/data", Records("\x01")));
  REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(File("/data"), v1::DataSpec(), &fs, ""));
  REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForAppend("/data"));
  REQUIRE_OK(file->Append("x"));
  Batch batch;
  CHECK_STATUS(data->Read({0}, &batch), Code::kDataLoss, "/data: the file changed");
}

}  // namespace
}  // namespace paceline::worker

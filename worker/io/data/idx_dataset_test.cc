#include "worker/io/data/idx_dataset.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
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

std::string Idx(const std::vector<uint32_t>& dimensions, const std::string& values) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(dimensions.size())};
  for (const uint32_t size : dimensions) {
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(size >> shift));
  }
  return bytes + values;
}

v1::DataFile File(const std::string& images, const std::string& labels) {
  v1::DataFile file;
  file.set_format(v1::DATA_FORMAT_IDX);
  file.set_path(images);
  file.set_labels(labels);
  return file;
}

const char kPixels[] = {0, 1, 2, 3, '\xff', 5, 6, 7, 8, 9, 10, 11};

void WriteImages(FileSystem& fs) {
  const std::string images = Idx({3, 2, 2}, std::string(kPixels, 12));
  const std::string labels = Idx({3}, std::string("\x04\x00\x09", 3));
  REQUIRE_OK(WriteFileDurably(fs, "/images", images));
  REQUIRE_OK(WriteFileDurably(fs, "/labels", labels));
  REQUIRE_OK(WriteFileDurably(fs, "/images.gz", Gzip(images)));
  REQUIRE_OK(WriteFileDurably(fs, "/labels.gz", Gzip(labels)));
}

TEST_CASE("images and labels, plain and gzipped") {
  MemoryFileSystem fs;
  WriteImages(fs);
  v1::DataSpec spec;
  spec.set_scale(0.5);
  for (const std::string suffix : {"", ".gz"}) {
    for (const std::string dir : {"", "/i"}) {
      REQUIRE_OK_AND_ASSIGN(
          const auto data,
          OpenDataset(File("/images" + suffix, "/labels" + suffix), spec, &fs, dir));
      CHECK(data->records() == 3);
      CHECK(data->features() == 4);
      CHECK(data->dense_values() == 4);
      CHECK(data->classes() == 10);
      CHECK(data->bad_records() == 0);
      Batch batch;
      batch.labels.push_back(7);
      REQUIRE_OK(data->Read({1, 0, 1}, &batch));
      CHECK(batch.dense);
      CHECK(batch.features == 4);
      CHECK(batch.nominal == 3);
      CHECK(batch.labels == std::vector<float>{0, 4, 0});
      CHECK(batch.dense_values ==
            std::vector<float>{127.5f, 2.5f, 3, 3.5f, 0, 0.5f, 1, 1.5f, 127.5f, 2.5f, 3, 3.5f});
      CHECK_STATUS(data->Read({3}, &batch), Code::kOutOfRange, "record 3 of a data set of 3");
      REQUIRE_OK(data->Read({}, &batch));
      CHECK(batch.size() == 0);
    }
  }
}

TEST_CASE("files that do not fit each other, their header or the job") {
  MemoryFileSystem fs;
  WriteImages(fs);
  const auto write = [&](const std::string& path, const std::string& bytes) {
    REQUIRE_OK(WriteFileDurably(fs, path, bytes));
  };
  write("/two", Idx({2}, "ab"));
  write("/square", Idx({3, 1}, "abc"));
  write("/short", Idx({3, 2, 2}, std::string(kPixels, 11)));
  write("/long", Idx({3, 2, 2}, std::string(kPixels, 12) + "x"));
  write("/no_images", Idx({0, 2, 2}, ""));
  write("/no_labels", Idx({0}, ""));
  write("/text", "1 1:1\n");
  write("/cut", Idx({3, 2, 2}, "").substr(0, 10));
  write("/huge", Idx({0xffffffff, 4096, 4096}, "x"));
  v1::DataSpec narrow;
  narrow.set_features(5);
  v1::DataSpec five;
  five.set_classes(5);
  struct Case {
    std::string images, labels;
    v1::DataSpec spec;
    Code code;
    std::string error;
  };
  const Case cases[] = {
      {"/missing", "/labels", {}, Code::kNotFound, "the job's data file: open /missing"},
      {"/images", "/missing", {}, Code::kNotFound, "the job's labels file: open /missing"},
      {"/images", "", {}, Code::kInvalidArgument, "the job names no labels file"},
      {"/images",
       "/two",
       {},
       Code::kInvalidArgument,
       "/two: 3 labels expected as in /images, got 2"},
      {"/images",
       "/square",
       {},
       Code::kInvalidArgument,
       "/square: labels of 1 dimension expected, got 2"},
      {"/short", "/labels", {}, Code::kDataLoss, "/short: 28 bytes expected for 3 records, got 27"},
      {"/long", "/labels", {}, Code::kDataLoss, "/long: 28 bytes expected for 3 records, got 29"},
      {"/no_images", "/no_labels", {}, Code::kInvalidArgument, "/no_images: no records"},
      {"/text", "/labels", {}, Code::kInvalidArgument, "/text: not an IDX file"},
      {"/images", "/text", {}, Code::kInvalidArgument, "/text: not an IDX file"},
      {"/cut", "/labels", {}, Code::kDataLoss, "/cut: an IDX header of 16 bytes expected"},
      {"/huge", "/labels", {}, Code::kDataLoss, "/huge: 72057594021150736 bytes expected"},
      {"/images", "/labels", narrow, Code::kInvalidArgument,
       "/images: 5 features expected, got 4 pixels"},
      {"/images", "/labels", five, Code::kInvalidArgument,
       "/labels: record 2: label 9: an integer from 0 to 4 expected"},
  };
  for (const Case& c : cases) {
    CHECK_STATUS(OpenDataset(File(c.images, c.labels), c.spec, &fs, "/i"), c.code, c.error);
  }
}

TEST_CASE("a change of either file while in use is an error") {
  for (const std::string changed : {"/images", "/labels"}) {
    MemoryFileSystem fs;
    WriteImages(fs);
    REQUIRE_OK_AND_ASSIGN(const auto data,
                          OpenDataset(File("/images", "/labels"), v1::DataSpec(), &fs, ""));
    REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForAppend(changed));
    REQUIRE_OK(file->Append("x"));
    Batch batch;
    CHECK_STATUS(data->Read({0}, &batch), Code::kDataLoss, changed + ": the file changed");
  }
}

}  // namespace
}  // namespace paceline::worker

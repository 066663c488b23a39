#include "worker/io/data/bytes_dataset.h"

#include <catch2/catch.hpp>
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

v1::DataFile File(const std::string& path) {
  v1::DataFile file;
  file.set_format(v1::DATA_FORMAT_TEXT);
  file.set_path(path);
  return file;
}

v1::DataSpec Windows(uint64_t bytes) {
  v1::DataSpec spec;
  spec.set_features(bytes);
  return spec;
}

TEST_CASE("windows share one byte, and every byte but the first is predicted once") {
  MemoryFileSystem fs;
  const std::string text(
      "ab\0\xff"
      "efghijk",
      11);
  REQUIRE_OK(WriteFileDurably(fs, "/t", text));
  REQUIRE_OK(WriteFileDurably(fs, "/t.gz", Gzip(text)));
  for (const char* path : {"/t", "/t.gz"}) {
    for (const char* dir : {"", "/cache"}) {
      REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(File(path), Windows(5), &fs, dir));
      // Two whole windows; of the third there are three bytes.
      CHECK(data->records() == 2);
      CHECK(data->features() == 5);
      CHECK(data->dense_values() == 5);
      CHECK(data->classes() == 0);
      Batch batch;
      REQUIRE_OK(data->Read({1, 0}, &batch));
      CHECK(batch.dense);
      CHECK(batch.features == 5);
      CHECK(batch.nominal == 2);
      CHECK(batch.labels == std::vector<float>{0, 0});
      CHECK(batch.dense_values ==
            std::vector<float>{'e', 'f', 'g', 'h', 'i', 'a', 'b', 0, 255, 'e'});
      CHECK_STATUS(data->Read({2}, &batch), Code::kOutOfRange, "record 2 of a data set of 2");
    }
  }
}

TEST_CASE("a last window that is just whole counts") {
  MemoryFileSystem fs;
  for (const auto& [bytes, records] :
       std::vector<std::pair<size_t, uint64_t>>{{5, 1}, {8, 1}, {9, 2}, {12, 2}, {13, 3}}) {
    REQUIRE_OK(WriteFileDurably(fs, "/t", std::string(bytes, 'x')));
    REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(File("/t"), Windows(5), &fs, ""));
    CHECK(data->records() == records);
  }
}

TEST_CASE("what cannot be cut into windows is refused and named") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/t", "abcd"));
  const auto refused = [&](uint64_t window, Code code, const char* part) {
    CHECK_STATUS(OpenDataset(File("/t"), Windows(window), &fs, "").status(), code, part);
  };
  refused(5, Code::kInvalidArgument, "/t: at least one window of 5 bytes expected");
  refused(1, Code::kInvalidArgument, "/t: windows of at least 2 bytes expected");
  refused(0, Code::kInvalidArgument, "got 0");
  CHECK_STATUS(OpenDataset(File("/none"), Windows(5), &fs, "").status(), Code::kNotFound, "/none");
}

TEST_CASE("a file that changes while it is read is found") {
  MemoryFileSystem fs;
  REQUIRE_OK(WriteFileDurably(fs, "/t", "abcdefghi"));
  REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(File("/t"), Windows(5), &fs, ""));
  REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForAppend("/t"));
  REQUIRE_OK(file->Append("jkl"));
  Batch batch;
  CHECK_STATUS(data->Read({0}, &batch), Code::kDataLoss, "/t");
}

}  // namespace
}  // namespace paceline::worker

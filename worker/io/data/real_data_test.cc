// Reads the public data sets named by PACELINE_SHARED_DATA, and the digits in
// PACELINE_DIGITS; without them each test says that it did nothing.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/fs.h"
#include "common/fs_posix.h"
#include "common/status/status_matchers.h"
#include "worker/core/data/record_order.h"
#include "worker/io/data/open_dataset.h"

namespace paceline::worker {
namespace {

// The folder that a variable names, if `file` is there.
std::optional<std::string> Folder(const char* variable, const std::string& file) {
  const char* value = std::getenv(variable);
  if (value != nullptr && PosixFileSystem().Exists(JoinPath(value, file))) return value;
  WARN("nothing tested: " << variable << " names no folder with " << file);
  return std::nullopt;
}

// A new folder for indexes.
std::string IndexDir() {
  static int count = 0;
  const char* base = std::getenv("TEST_TMPDIR");
  REQUIRE(base != nullptr);
  return absl::StrCat(base, "/index", count++);
}

struct Expected {
  std::string path;
  std::string labels;
  v1::DataFormat format;
  uint64_t records;
  uint64_t features;
  uint32_t classes;
};

// Opens twice (building and loading the index) and walks a shuffled epoch.
void CheckDataset(const Expected& want) {
  CAPTURE(want.path);
  PosixFileSystem fs;
  v1::DataFile file;
  file.set_path(want.path);
  file.set_labels(want.labels);
  file.set_format(want.format);
  const std::string dir = IndexDir();
  double first_sum = 0;
  for (int open = 0; open < 2; ++open) {
    REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(file, v1::DataSpec(), &fs, dir));
    CHECK(data->records() == want.records);
    CHECK(data->features() == want.features);
    CHECK(data->classes() == want.classes);
    CHECK(data->bad_records() == 0);

    const RecordOrder order = RecordOrder::FromSpec(v1::DataSpec(), 1, data->records());
    constexpr uint64_t kBatch = 256;
    Batch batch;
    uint64_t rows = 0;
    double sum = 0;
    for (uint64_t at = 0; at < data->records(); at += kBatch) {
      const uint64_t end = std::min(at + kBatch, data->records());
      REQUIRE_OK(data->Read(order.Records({0, {at, end}}), &batch));
      REQUIRE(batch.size() == end - at);
      rows += batch.size();
      sum += std::accumulate(batch.values.begin(), batch.values.end(), 0.0);
      sum += std::accumulate(batch.dense_values.begin(), batch.dense_values.end(), 0.0);
      sum += 1000 * std::accumulate(batch.labels.begin(), batch.labels.end(), 0.0);
    }
    CHECK(rows == want.records);
    if (open == 0) first_sum = sum;
    CHECK(sum == first_sum);
  }
}

TEST_CASE("the shared libsvm data") {
  const std::optional<std::string> dir = Folder("PACELINE_SHARED_DATA", "a9a.train.libsvm");
  if (!dir) return;
  const auto libsvm = [&](const std::string& name, uint64_t records, uint64_t features) {
    CheckDataset({*dir + "/" + name, "", v1::DATA_FORMAT_LIBSVM, records, features, 2});
  };
  // Of the 123 features of a9a the last occurs in neither part.
  libsvm("a9a.train.libsvm", 32560, 122);
  libsvm("a9a.test.libsvm", 16281, 122);
  libsvm("agaricus.train.libsvm", 6513, 126);
  libsvm("agaricus.test.libsvm", 1611, 126);
}

TEST_CASE("the shared images") {
  const std::optional<std::string> dir =
      Folder("PACELINE_SHARED_DATA", "mnist10k-train-labels-idx1-ubyte.gz");
  if (!dir) return;
  const auto idx = [&](const std::string& name, uint64_t records) {
    const std::string prefix = *dir + "/mnist10k-" + name;
    CheckDataset({prefix + "-images-idx3-ubyte.gz", prefix + "-labels-idx1-ubyte.gz",
                  v1::DATA_FORMAT_IDX, records, 784, 10});
  };
  idx("train", 8000);
  idx("test", 2000);
}

TEST_CASE("the digits") {
  const std::optional<std::string> dir = Folder("PACELINE_DIGITS", "digits.train.csv");
  if (!dir) return;
  CheckDataset({*dir + "/digits.train.csv", "", v1::DATA_FORMAT_CSV, 1438, 64, 10});
  CheckDataset({*dir + "/digits.test.csv", "", v1::DATA_FORMAT_CSV, 359, 64, 10});
}

}  // namespace
}  // namespace paceline::worker

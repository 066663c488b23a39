// Data sets of categories and of ratings: opened, indexed, cached and read.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "worker/core/data/category_parser.h"
#include "worker/core/data/text_format.h"
#include "worker/io/data/bad_records.h"
#include "worker/io/data/data_bytes.h"
#include "worker/io/data/gzip_fixture.h"
#include "worker/io/data/open_dataset.h"
#include "worker/io/data/text_dataset.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;

void Write(FileSystem& fs, const std::string& path, const std::string& text) {
  REQUIRE_OK(WriteFileDurably(fs, path, text));
}

v1::DataFile File(const std::string& path, v1::DataFormat format) {
  v1::DataFile file;
  file.set_path(path);
  file.set_format(format);
  return file;
}

// Label, first integer, first category; the rest is empty.
std::string CriteoLine(int label, const std::string& number, const std::string& category) {
  return absl::StrCat(label, "\t", number, std::string(13, '\t'), category, std::string(25, '\t'),
                      "\n");
}

TEST_CASE("a criteo file, plain and gzipped: its features are known without reading it") {
  MemoryFileSystem fs;
  const std::string text =
      CriteoLine(1, "3", "a") + CriteoLine(0, "", "b") + CriteoLine(1, "", "a");
  Write(fs, "/d", text);
  Write(fs, "/d.gz", testing::Gzip(text));
  v1::DataSpec spec;
  spec.set_hash_buckets(1000);
  for (const std::string path : {"/d", "/d.gz"}) {
    for (const std::string dir : {"", "/i", "/i"}) {
      CAPTURE(path, dir);
      REQUIRE_OK_AND_ASSIGN(const auto data,
                            OpenDataset(File(path, v1::DATA_FORMAT_CRITEO), spec, &fs, dir));
      CHECK(data->records() == 3);
      CHECK(data->features() == 1013);
      CHECK(data->dense_values() == 0);
      CHECK(data->classes() == 2);
      Batch batch;
      REQUIRE_OK(data->Read({0, 1, 2, 0}, &batch));
      CHECK(batch.features == 1013);
      CHECK(batch.fields == 0);
      CHECK(batch.labels == std::vector<float>{1, 0, 1, 1});
      CHECK(batch.offsets.size() == 5);
      CHECK(batch.offsets.back() == batch.indices.size());
      CHECK(batch.indices[0] == 0);
      // What is read again, from the cache, is the same.
      Batch again;
      REQUIRE_OK(data->Read({0, 1, 2, 0}, &again));
      CHECK(again.indices == batch.indices);
      CHECK(again.values == batch.values);
    }
  }
  // Evaluation data in the shape of the training data.
  spec.set_features(1013);
  CHECK_OK(OpenDataset(File("/d", v1::DATA_FORMAT_CRITEO), spec, &fs, ""));
}

TEST_CASE("a bad criteo record is named by file, line, record and column") {
  MemoryFileSystem fs;
  Write(fs, "/d", CriteoLine(1, "3", "a") + CriteoLine(0, "many", "b"));
  CHECK_STATUS(OpenDataset(File("/d", v1::DATA_FORMAT_CRITEO), v1::DataSpec(), &fs, "/i"),
               Code::kInvalidArgument,
               "/d:2: record 1: column 1 (\"i1\"): a number expected, got \"many\"");
}

TEST_CASE("a line of delimiters alone is a bad record, not a blank line") {
  MemoryFileSystem fs;
  Write(fs, "/d", absl::StrCat(CriteoLine(1, "3", "a"), "\n", std::string(39, '\t'), "\n"));
  CHECK_STATUS(OpenDataset(File("/d", v1::DATA_FORMAT_CRITEO), v1::DataSpec(), &fs, ""),
               Code::kInvalidArgument,
               "/d:3: record 1: column 0 (\"label\"): a number expected, got an empty field");
  Write(fs, "/r", "1\t31\t2.5\n\t\t\n");
  v1::DataFile ratings = File("/r", v1::DATA_FORMAT_RATINGS);
  ratings.set_delimiter("\t");
  CHECK_STATUS(OpenDataset(ratings, v1::DataSpec(), &fs, ""), Code::kInvalidArgument,
               "/r:2: record 1: column 0 (user): a whole number");
}

TEST_CASE("a criteo file by fields, with and without a cache") {
  MemoryFileSystem fs;
  Write(fs, "/d", CriteoLine(1, "3", "a") + CriteoLine(0, "", "b"));
  v1::DataSpec spec;
  spec.set_log_numbers(false);
  const v1::DataFile file = File("/d", v1::DATA_FORMAT_CRITEO);
  REQUIRE_OK_AND_ASSIGN(const TextFormat format, MakeTextFormat(file, spec, CategoryForm::kFields));
  for (const uint64_t cache_bytes : {uint64_t{0}, uint64_t{2} << 20}) {
    REQUIRE_OK_AND_ASSIGN(auto bytes, DataBytes::Open(&fs, "/d", ""));
    REQUIRE_OK_AND_ASSIGN(const auto data,
                          TextDataset::Open(&fs, "", std::move(bytes), format,
                                            BadRecordRule::FromSpec(spec), cache_bytes));
    CHECK(data->cached_records() == (cache_bytes == 0 ? 0 : 2));
    CHECK(data->features() == 13 + (1 << 20));
    CHECK(data->dense_values() == 13);
    Batch batch;
    REQUIRE_OK(data->Read({1, 0}, &batch));
    CHECK_FALSE(batch.dense);
    CHECK(batch.fields == 26);
    CHECK(batch.features == 13);
    CHECK(batch.labels == std::vector<float>{0, 1});
    REQUIRE(batch.indices.size() == 52);
    CHECK(batch.indices[0] != batch.indices[26]);
    CHECK(std::equal(batch.indices.begin() + 1, batch.indices.begin() + 26,
                     batch.indices.begin() + 27));
    CHECK(*std::max_element(batch.indices.begin(), batch.indices.end()) < 1 << 20);
    REQUIRE(batch.dense_values.size() == 26);
    CHECK(batch.dense_values[13] == 3);
    CHECK(std::count(batch.dense_values.begin(), batch.dense_values.end(), 0) == 25);
    CHECK(batch.offsets.empty());
    CHECK(batch.values.empty());
  }
}

TEST_CASE("click models read fields, all others features") {
  MemoryFileSystem fs;
  Write(fs, "/d", CriteoLine(1, "3", "a"));
  const v1::DataFile file = File("/d", v1::DATA_FORMAT_CRITEO);
  for (int kind = v1::ModelKind_MIN; kind <= v1::ModelKind_MAX; ++kind) {
    const auto model = static_cast<v1::ModelKind>(kind);
    const bool clicks = model == v1::MODEL_KIND_WIDE_DEEP || model == v1::MODEL_KIND_DEEPFM ||
                        model == v1::MODEL_KIND_DCN;
    INFO(v1::ModelKind_Name(model));
    REQUIRE_OK_AND_ASSIGN(const auto data,
                          OpenDataset(file, v1::DataSpec(), &fs, "/i", CategoryFormOf(model)));
    Batch batch;
    REQUIRE_OK(data->Read({0}, &batch));
    CHECK(batch.fields == (clicks ? 26 : 0));
    CHECK(batch.offsets.empty() == clicks);
  }
}

TEST_CASE("ratings: two keys a record, no features") {
  MemoryFileSystem fs;
  Write(fs, "/d", "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n7,3,4,1260759179\n");
  v1::DataFile file = File("/d", v1::DATA_FORMAT_RATINGS);
  file.set_header(true);
  for (const std::string dir : {"", "/i", "/i"}) {
    REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(file, v1::DataSpec(), &fs, dir));
    CHECK(data->records() == 2);
    CHECK(data->features() == 32);
    Batch batch;
    REQUIRE_OK(data->Read({1, 0, 1}, &batch));
    CHECK(batch.fields == 2);
    CHECK(batch.features == 0);
    CHECK_FALSE(batch.dense);
    CHECK(batch.labels == std::vector<float>{4, 2.5, 4});
    CHECK(batch.indices == std::vector<uint64_t>{7, 3, 1, 31, 7, 3});
    CHECK(batch.offsets.empty());
    CHECK(batch.values.empty());
    CHECK(batch.dense_values.empty());
  }
  v1::DataSpec few;
  few.set_features(31);
  CHECK_STATUS(OpenDataset(file, few, &fs, ""), Code::kInvalidArgument,
               "/d:2: record 0: column 1 (item): a whole number from 0 to 30 expected, got \"31\"");
}

TEST_CASE("a file without the columns that the job names") {
  MemoryFileSystem fs;
  Write(fs, "/d", "id,click,site\n1,0,a\n");
  v1::DataFile file = File("/d", v1::DATA_FORMAT_CSV);
  file.set_header(true);
  file.set_label("click");
  file.add_categories("app");
  CHECK_STATUS(OpenDataset(file, v1::DataSpec(), &fs, ""), Code::kInvalidArgument,
               "/d: category \"app\": no such column; the columns are \"id\", \"click\", \"site\"");
}

}  // namespace
}  // namespace paceline::worker

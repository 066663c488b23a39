#include "worker/io/data/text_dataset.h"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"
#include "worker/io/data/open_dataset.h"

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

v1::DataFile Libsvm(const std::string& path) { return File(path, v1::DATA_FORMAT_LIBSVM); }
v1::DataFile Csv(const std::string& path) { return File(path, v1::DATA_FORMAT_CSV); }

v1::DataSpec Skip(uint64_t max) {
  v1::DataSpec spec;
  spec.set_on_bad_record(v1::BAD_RECORD_POLICY_SKIP);
  spec.set_max_bad_records(max);
  return spec;
}

TEST_CASE("a libsvm file") {
  MemoryFileSystem fs;
  Write(fs, "/d", "\n# a header comment\n1 1:0.5 4:2\r\n\n0 # nothing\n3 2:1");
  v1::DataSpec spec;
  spec.set_scale(2);
  REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(Libsvm("/d"), spec, &fs, "/i"));
  CHECK(data->records() == 3);
  CHECK(data->features() == 4);
  CHECK(data->dense_values() == 0);
  CHECK(data->classes() == 4);
  CHECK(data->bad_records() == 0);
  Batch batch;
  REQUIRE_OK(data->Read({2, 0, 1, 2}, &batch));
  CHECK_FALSE(batch.dense);
  CHECK(batch.features == 4);
  CHECK(batch.nominal == 4);
  CHECK(batch.labels == std::vector<float>{3, 1, 0, 3});
  CHECK(batch.offsets == std::vector<uint64_t>{0, 1, 3, 3, 4});
  CHECK(batch.indices == std::vector<uint64_t>{1, 0, 3, 1});
  CHECK(batch.values == std::vector<float>{2, 1, 4, 2});
  // The batch is replaced, not added to; no records make an empty batch.
  REQUIRE_OK(data->Read({}, &batch));
  CHECK(batch.size() == 0);
  CHECK(batch.nominal == 0);
  CHECK(batch.offsets == std::vector<uint64_t>{0});
  CHECK_STATUS(data->Read({0, 3}, &batch), Code::kOutOfRange, "/d: record 3 of a data set of 3");
}

TEST_CASE("a csv file with a header") {
  MemoryFileSystem fs;
  Write(fs, "/d", "\xEF\xBB\xBFweight,\"the\nlabel\",height\n1,0,2\n\"3\",1, 4\n");
  v1::DataFile file = Csv("/d");
  file.set_header(true);
  file.set_label("the\nlabel");
  REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(file, v1::DataSpec(), &fs, "/i"));
  CHECK(data->records() == 2);
  CHECK(data->features() == 2);
  CHECK(data->dense_values() == 2);
  CHECK(data->classes() == 2);
  Batch batch;
  REQUIRE_OK(data->Read({1, 0}, &batch));
  CHECK(batch.dense);
  CHECK(batch.labels == std::vector<float>{1, 0});
  CHECK(batch.dense_values == std::vector<float>{3, 4, 1, 2});
}

TEST_CASE("faults row 22: a bad record fails the job, named by file, line, record and reason") {
  MemoryFileSystem fs;
  Write(fs, "/d", "1 1:1\n\n1 1:1\n1 2:x\n1 0:1\n");
  for (int open = 0; open < 2; ++open) {
    CHECK_STATUS(OpenDataset(Libsvm("/d"), v1::DataSpec(), &fs, "/i"), Code::kInvalidArgument,
                 "/d:4: record 2: value of index 2: a number expected, got \"x\"");
    // Also when the index is known from an earlier job that skipped.
    CHECK_OK(OpenDataset(Libsvm("/d"), Skip(2), &fs, "/i"));
  }
}

TEST_CASE("faults row 22: bad records are skipped up to a budget and shorten their batch") {
  MemoryFileSystem fs;
  Write(fs, "/d", "7 1:1\nbad\n1 2:1\n1 9:nan\n2 1:1\n");
  for (const std::string dir : {"", "/i", "/i"}) {
    REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(Libsvm("/d"), Skip(2), &fs, dir));
    CHECK(data->records() == 5);
    CHECK(data->bad_records() == 2);
    CHECK(data->features() == 2);
    CHECK(data->classes() == 8);
    Batch batch;
    REQUIRE_OK(data->Read({0, 1, 2, 3, 4}, &batch));
    CHECK(batch.nominal == 5);
    CHECK(batch.labels == std::vector<float>{7, 1, 2});
    REQUIRE_OK(data->Read({3, 1}, &batch));
    CHECK(batch.nominal == 2);
    CHECK(batch.size() == 0);
    CHECK(data->bad_records() == 2);
    const absl::Status status = OpenDataset(Libsvm("/d"), Skip(1), &fs, dir).status();
    CHECK_STATUS(status, Code::kResourceExhausted,
                 "/d: more than data.max_bad_records = 1 bad records; the first: "
                 "/d:2: record 1: label: a number expected, got \"bad\"; /d:4: record 3: ");
  }
}

TEST_CASE(
    "faults row 22: an error about too many bad records names ten of them, and the default is "
    "100") {
  MemoryFileSystem fs;
  std::string text = "1 1:1\n";
  for (int i = 0; i < 101; ++i) text += "x\n";
  Write(fs, "/d", text);
  v1::DataSpec spec;
  spec.set_on_bad_record(v1::BAD_RECORD_POLICY_SKIP);
  const absl::Status status = OpenDataset(Libsvm("/d"), spec, &fs, "").status();
  CHECK_STATUS(status, Code::kResourceExhausted, "data.max_bad_records = 100");
  CHECK(absl::StrContains(status.message(), "/d:11: record 10:"));
  CHECK_FALSE(absl::StrContains(status.message(), "/d:12:"));
  CHECK_OK(OpenDataset(Libsvm("/d"), Skip(101), &fs, ""));
}

TEST_CASE("faults row 22: an over-long record is a bad record") {
  MemoryFileSystem fs;
  Write(fs, "/d", "1 1:1\n" + std::string(kMaxRecordBytes + 1, '1') + "\n2 1:1\n");
  CHECK_STATUS(OpenDataset(Libsvm("/d"), v1::DataSpec(), &fs, ""), Code::kInvalidArgument,
               "/d:2: record 1: longer than 16777216 bytes");
  REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(Libsvm("/d"), Skip(1), &fs, ""));
  Batch batch;
  REQUIRE_OK(data->Read({0, 1, 2}, &batch));
  CHECK(batch.labels == std::vector<float>{1, 2});
  CHECK_STATUS(OpenDataset(Csv("/d"), Skip(1), &fs, ""), Code::kInvalidArgument,
               "/d: at least two columns");
  Write(fs, "/e", std::string(kMaxRecordBytes + 1, '1') + "\n2 1:1\n");
  CHECK_STATUS(OpenDataset(Csv("/e"), Skip(1), &fs, ""), Code::kInvalidArgument,
               "/e: the first line is longer than 16777216 bytes");
}

TEST_CASE("files and jobs that cannot work") {
  MemoryFileSystem fs;
  Write(fs, "/blank", "\n\n# only a comment\n");
  Write(fs, "/labels_only", "1\n2\n");
  Write(fs, "/all_bad", "x\ny\n");
  Write(fs, "/header_only", "a,b\n");
  Write(fs, "/good", "1,2\n");
  Write(fs, "/svm", "1 1:1\n");
  v1::DataFile header = Csv("/header_only");
  header.set_header(true);
  v1::DataFile named = Csv("/good");
  named.set_label("y");
  v1::DataFile delimiter = Csv("/good");
  delimiter.set_delimiter("ab");
  struct Case {
    v1::DataFile file;
    v1::DataSpec spec;
    Code code;
    std::string error;
  };
  v1::DataSpec wide;
  wide.set_features(7);
  v1::DataSpec classes;
  classes.set_classes(1);
  const Case cases[] = {
      {Libsvm("/missing"), {}, Code::kNotFound, "the job's data file: open /missing"},
      {Libsvm(""), {}, Code::kInvalidArgument, "the job names no data file"},
      {Libsvm("/blank"), {}, Code::kInvalidArgument, "/blank: no records"},
      {header, {}, Code::kInvalidArgument, "/header_only: no records"},
      {Libsvm("/labels_only"), {}, Code::kInvalidArgument, "/labels_only: no record has a feature"},
      {Libsvm("/all_bad"), Skip(5), Code::kInvalidArgument,
       "/all_bad: all 2 records are bad; line 1"},
      {named, {}, Code::kInvalidArgument, "/good: label \"y\": a column index expected"},
      {delimiter, {}, Code::kInvalidArgument, "/good: delimiter \"ab\""},
      {Csv("/good"), wide, Code::kInvalidArgument,
       "/good: 7 features and a label expected, got 2 columns"},
      {Csv("/good"), classes, Code::kInvalidArgument, "/good:1: record 0: label 2"},
      {Libsvm("/svm"), classes, Code::kInvalidArgument,
       "/svm:1: record 0: label 1: an integer from 0 to 0 expected"},
      {File("/good", v1::DATA_FORMAT_UNSPECIFIED),
       {},
       Code::kInvalidArgument,
       "/good: format libsvm, csv, ratings or criteo expected"},
  };
  for (const Case& c : cases) {
    for (const std::string dir : {"", "/i"}) {
      CHECK_STATUS(OpenDataset(c.file, c.spec, &fs, dir), c.code, c.error);
    }
  }
}

TEST_CASE("data.features widens a libsvm data set and bounds its records") {
  MemoryFileSystem fs;
  Write(fs, "/d", "1 3:1\n0 5:1\n");
  v1::DataSpec spec;
  spec.set_features(9);
  REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(Libsvm("/d"), spec, &fs, "/i"));
  CHECK(data->features() == 9);
  spec.set_features(4);
  CHECK_STATUS(OpenDataset(Libsvm("/d"), spec, &fs, "/i"), Code::kInvalidArgument,
               "/d:2: record 1: index 5: at most 4 features expected");
}

// Hides the data file's bytes after a first pass: what is read then comes from the
// index and the cache.
TEST_CASE("an index is stored once and used again") {
  MemoryFileSystem fs;
  Write(fs, "/d", "1 1:1\n0 2:1\n");
  const auto index_files = [&] {
    REQUIRE_OK_AND_ASSIGN(const auto names, fs.List("/i"));
    return names;
  };
  const auto modified = [&](const std::string& path) {
    REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForRead(path));
    REQUIRE_OK_AND_ASSIGN(const int64_t ns, file->ModifiedNs());
    return ns;
  };
  REQUIRE_OK(OpenDataset(Libsvm("/d"), v1::DataSpec(), &fs, "/i"));
  REQUIRE(index_files().size() == 1);
  const std::string path = JoinPath("/i", index_files()[0]);
  CHECK(absl::EndsWith(path, ".index"));
  REQUIRE_OK_AND_ASSIGN(const std::string good, ReadFile(fs, path));

  // Not written again, and really used: a stored index that claims more is believed.
  {
    const int64_t before = modified(path);
    REQUIRE_OK(OpenDataset(Libsvm("/d"), v1::DataSpec(), &fs, "/i"));
    CHECK(modified(path) == before);
    REQUIRE_OK_AND_ASSIGN(const auto opened, fs.OpenForRead("/d"));
    REQUIRE_OK_AND_ASSIGN(const int64_t ns, opened->ModifiedNs());
    const std::string key = absl::StrCat("path=/d size=12 modified=", ns, " ");
    const size_t at = good.find(key);
    REQUIRE(at != std::string::npos);
    const std::string whole_key = good.substr(at, good.find(std::string("\x01\0\0\0", 4), at) - at);
    REQUIRE_OK_AND_ASSIGN(RecordIndex index, DecodeRecordIndex(good, whole_key));
    index.features = 77;
    Write(fs, path, EncodeRecordIndex(index, whole_key));
    REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(Libsvm("/d"), v1::DataSpec(), &fs, "/i"));
    CHECK(data->features() == 77);
  }

  // Damaged: built anew.
  for (const std::string& bad : {std::string(), good.substr(0, good.size() / 2), good + "x"}) {
    Write(fs, path, bad);
    REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(Libsvm("/d"), v1::DataSpec(), &fs, "/i"));
    CHECK(data->records() == 2);
    REQUIRE_OK_AND_ASSIGN(const std::string again, ReadFile(fs, path));
    CHECK((again == good));
  }

  // Another scale is another index; another file too.
  v1::DataSpec scaled;
  scaled.set_scale(3);
  REQUIRE_OK(OpenDataset(Libsvm("/d"), scaled, &fs, "/i"));
  CHECK(index_files().size() == 2);
  Write(fs, "/d", "1 1:1\n0 2:1\n1 1:1\n");
  REQUIRE_OK_AND_ASSIGN(const auto grown, OpenDataset(Libsvm("/d"), scaled, &fs, "/i"));
  CHECK(grown->records() == 3);
  CHECK(index_files().size() == 3);
}

TEST_CASE("without an index folder, or when it cannot be written, nothing is stored") {
  MemoryFileSystem fs;
  Write(fs, "/d", "1 1:1\n");
  Write(fs, "/file", "not a folder");
  for (const std::string dir : {"", "/file"}) {
    REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(Libsvm("/d"), v1::DataSpec(), &fs, dir));
    CHECK(data->records() == 1);
  }
  REQUIRE_OK_AND_ASSIGN(const auto names, fs.List("/"));
  CHECK(names == std::vector<std::string>{"d", "file"});
}

TEST_CASE("a file that changes while it is used is an error") {
  MemoryFileSystem fs;
  Write(fs, "/d", "1 1:1\n0 2:1\n");
  REQUIRE_OK_AND_ASSIGN(const auto data, OpenDataset(Libsvm("/d"), v1::DataSpec(), &fs, "/i"));
  Batch batch;
  REQUIRE_OK(data->Read({0}, &batch));
  {
    REQUIRE_OK_AND_ASSIGN(const auto file, fs.OpenForAppend("/d"));
    REQUIRE_OK(file->Append("1 5:1\n"));
  }
  CHECK_STATUS(data->Read({0}, &batch), Code::kDataLoss, "/d: the file changed while in use");
}

TEST_CASE("a stored index that lies about a record is an error, not a wrong batch") {
  MemoryFileSystem fs;
  Write(fs, "/d", "1 1:1\nx\n");
  REQUIRE_OK_AND_ASSIGN(auto bytes, DataBytes::Open(&fs, "/d", ""));
  REQUIRE_OK_AND_ASSIGN(const TextFormat format, MakeTextFormat(Libsvm("/d"), v1::DataSpec()));
  RecordIndexBuilder builder;
  builder.AddGood(0, 1, 1);
  builder.AddGood(6, 1, 1);
  const std::string key = absl::StrCat(bytes->fingerprint(), " ", format.key);
  // The name that the store gives the index: found by storing one.
  REQUIRE_OK(OpenDataset(Libsvm("/d"), Skip(1), &fs, "/i"));
  REQUIRE_OK_AND_ASSIGN(const auto names, fs.List("/i"));
  Write(fs, JoinPath("/i", names[0]), EncodeRecordIndex(builder.Finish(8), key));
  REQUIRE_OK_AND_ASSIGN(const auto data,
                        TextDataset::Open(&fs, "/i", std::move(bytes), format, BadRecordRule()));
  Batch batch;
  REQUIRE_OK(data->Read({0}, &batch));
  CHECK_STATUS(data->Read({1}, &batch), Code::kDataLoss,
               "/d: record 1: label: a number expected, got \"x\": the file changed");
}

// Random files, read in random order with caches of any size, against the records
// that were written.
TEST_CASE("what is read is what was written") {
  std::mt19937_64 random(16);
  for (int repeat = 0; repeat < 12; ++repeat) {
    const bool csv = repeat % 2 == 0;
    const uint64_t columns = 1 + random() % 6;
    const uint64_t records = 1 + random() % 400;
    std::string text;
    std::vector<bool> bad(records);
    std::vector<std::vector<float>> rows(records);
    std::vector<float> labels(records);
    for (uint64_t i = 0; i < records; ++i) {
      labels[i] = static_cast<float>(random() % 3);
      rows[i].resize(columns);
      bad[i] = i > 0 && random() % 10 == 0;
      std::string line = csv ? "" : absl::StrCat(labels[i]);
      for (uint64_t c = 0; c < columns; ++c) {
        // The last column is never zero, so that every file has all features.
        rows[i][c] = static_cast<float>(random() % 100 + (c + 1 == columns)) / 4;
        if (csv) {
          absl::StrAppend(&line, rows[i][c], ",");
        } else if (rows[i][c] != 0) {
          absl::StrAppend(&line, " ", c + 1, ":", rows[i][c]);
        }
      }
      if (csv) absl::StrAppend(&line, labels[i]);
      if (bad[i]) line = random() % 2 ? "1,2,3,oops" : "1 1:2 1:3";
      absl::StrAppend(&text, line, random() % 5 == 0 ? "\r\n" : "\n", random() % 7 ? "" : "\n");
    }
    MemoryFileSystem fs;
    Write(fs, "/d", text);
    const v1::DataFile file = csv ? Csv("/d") : Libsvm("/d");
    REQUIRE_OK_AND_ASSIGN(const TextFormat format, MakeTextFormat(file, v1::DataSpec()));
    for (const uint64_t cache_bytes : {uint64_t{0}, uint64_t{1} << 23}) {
      for (const std::string dir : {"", "/i", "/i"}) {
        REQUIRE_OK_AND_ASSIGN(auto bytes, DataBytes::Open(&fs, "/d", dir));
        REQUIRE_OK_AND_ASSIGN(const auto data,
                              TextDataset::Open(&fs, dir, std::move(bytes), format,
                                                BadRecordRule{true, records}, cache_bytes));
        REQUIRE(data->records() == records);
        REQUIRE(data->features() == columns);
        Batch batch;
        for (int read = 0; read < 30; ++read) {
          std::vector<uint64_t> wanted(random() % 20);
          for (uint64_t& record : wanted) record = random() % records;
          REQUIRE_OK(data->Read(wanted, &batch));
          uint64_t row = 0;
          for (const uint64_t record : wanted) {
            if (bad[record]) continue;
            REQUIRE(batch.labels[row] == labels[record]);
            std::vector<float> values(columns, 0.0f);
            if (csv) {
              for (uint64_t c = 0; c < columns; ++c) {
                values[c] = batch.dense_values[row * columns + c];
              }
            } else {
              for (uint64_t k = batch.offsets[row]; k < batch.offsets[row + 1]; ++k) {
                values[batch.indices[k]] = batch.values[k];
              }
            }
            REQUIRE(values == rows[record]);
            ++row;
          }
          REQUIRE(batch.size() == row);
          REQUIRE(batch.nominal == wanted.size());
        }
        REQUIRE((data->cached_records() > 0) == (cache_bytes > 0));
      }
    }
  }
}

}  // namespace
}  // namespace paceline::worker

#include "worker/io/data/record_reader.h"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/fs.h"
#include "common/fs_memory.h"
#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

struct Lines {
  MemoryFileSystem fs;
  std::vector<std::string> records;
  std::unique_ptr<DataBytes> bytes;
  RecordIndex index;
};

// Random lines with blank ones between, indexed with at most `max_offsets` offsets.
void Fill(uint64_t records, uint64_t max_length, uint64_t max_offsets, Lines* lines) {
  std::mt19937_64 random(14);
  std::string text;
  RecordIndexBuilder builder(max_offsets);
  for (uint64_t i = 0; i < records; ++i) {
    for (uint64_t blank = random() % 3; blank > 0; --blank) text += "\n";
    builder.AddGood(text.size(), 0, 1);
    std::string record = absl::StrCat("record ", i, " ");
    record.resize(record.size() + random() % max_length, 'x');
    absl::StrAppend(&text, record, random() % 2 || i + 1 < records ? "\n" : "");
    lines->records.push_back(record);
  }
  REQUIRE_OK(WriteFileDurably(lines->fs, "/f", text));
  REQUIRE_OK_AND_ASSIGN(lines->bytes, DataBytes::Open(&lines->fs, "/f", ""));
  lines->index = builder.Finish(text.size());
}

TEST_CASE("every record is found in any order, whatever the stride") {
  for (const uint64_t max_offsets : {1000, 64, 3, 1}) {
    // The long ones make groups of more than one piece.
    for (const auto& [records, max_length] : {std::pair{500, 20}, std::pair{60, 60'000}}) {
      CAPTURE(max_offsets, records);
      Lines lines;
      Fill(records, max_length, max_offsets, &lines);
      RecordReader reader(lines.bytes.get(), &lines.index, TextSyntax());
      const auto check = [&](uint64_t record) {
        REQUIRE_OK_AND_ASSIGN(const absl::string_view text, reader.Read(record));
        REQUIRE((text == lines.records[record]));
      };
      for (int record = 0; record < records; ++record) check(record);
      for (int record = records; record-- > records - 20;) check(record);
      std::mt19937_64 random(15);
      for (int i = 0; i < 100; ++i) check(random() % records);
    }
  }
}

TEST_CASE("an index that does not fit the file is an error") {
  Lines lines;
  Fill(10, 5, 1, &lines);
  REQUIRE(lines.index.stride == 16);
  lines.index.records = 12;
  RecordReader reader(lines.bytes.get(), &lines.index, TextSyntax());
  CHECK_STATUS(reader.Read(11), absl::StatusCode::kDataLoss, "/f: no record 11 in bytes");
  CHECK_OK(reader.Read(9));
  lines.index.file_bytes += 100;
  CHECK_STATUS(reader.Read(9), absl::StatusCode::kOutOfRange, "/f");
}

}  // namespace
}  // namespace paceline::worker

#include "worker/io/data/index_builder.h"

#include <algorithm>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status/status_macros.h"
#include "worker/core/data/record_scanner.h"
#include "worker/io/data/cache_file.h"

namespace paceline::worker {

namespace {

constexpr uint64_t kPieceBytes = uint64_t{1} << 20;

// An index has at most kMaxOffsets offsets; the rest is bad records.
constexpr uint64_t kMaxIndexFileBytes = uint64_t{1} << 30;

absl::Status ScanFile(const DataBytes& bytes, const TextSyntax& syntax, RecordScanner::Sink sink) {
  RecordScanner scanner(syntax);
  std::vector<char> piece(std::min(bytes.size(), kPieceBytes));
  for (uint64_t at = 0; at < bytes.size(); at += piece.size()) {
    const absl::Span<char> part(piece.data(), std::min<uint64_t>(piece.size(), bytes.size() - at));
    PL_RETURN_IF_ERROR(bytes.ReadAt(at, part));
    if (!scanner.Feed(absl::string_view(part.data(), part.size()), sink)) return absl::OkStatus();
  }
  scanner.Finish(sink);
  return absl::OkStatus();
}

// Parses records one by one into a batch of one.
class Pass {
 public:
  Pass(const RecordParser& parser, RecordCache* cache) : parser_(parser), cache_(cache) {
    row_.dense = parser.dense();
    row_.fields = parser.fields();
  }

  void Add(const ScannedRecord& record) {
    if (record.too_long) {
      builder_.AddBad(record.offset, record.line,
                      absl::StrCat("longer than ", kMaxRecordBytes, " bytes"));
      return;
    }
    row_.labels.clear();
    row_.offsets.assign(row_.dense || row_.fields > 0 ? 0 : 1, 0);
    row_.indices.clear();
    row_.values.clear();
    row_.dense_values.clear();
    const uint64_t number = builder_.index().records;
    if (absl::Status status = parser_.Append(record.text, &row_); !status.ok()) {
      builder_.AddBad(record.offset, record.line, status.message());
      return;
    }
    builder_.AddGood(record.offset, row_.labels.back(), Features());
    cache_->InsertLast(number, row_);
  }

  const RecordIndex& index() const { return builder_.index(); }
  RecordIndex Finish(uint64_t file_bytes) { return builder_.Finish(file_bytes); }

 private:
  // Of the row: what the parser knows, else its largest index + 1.
  uint64_t Features() const {
    if (parser_.features() != 0 || row_.indices.empty()) return parser_.features();
    return *std::max_element(row_.indices.begin(), row_.indices.end()) + 1;
  }

  const RecordParser& parser_;
  RecordCache* const cache_;
  RecordIndexBuilder builder_;
  Batch row_;
};

// nullopt-like: an error when there is no usable index of this key.
absl::StatusOr<RecordIndex> LoadIndex(FileSystem* fs, const std::string& path,
                                      const std::string& key) {
  PL_ASSIGN_OR_RETURN(const std::string stored, ReadFile(*fs, path, kMaxIndexFileBytes));
  return DecodeRecordIndex(stored, key);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordParser>> MakeParser(const DataBytes& bytes,
                                                         const TextFormat& format) {
  bool found = false;
  std::string first_line;
  bool too_long = false;
  PL_RETURN_IF_ERROR(ScanFile(bytes, format.syntax, [&](const ScannedRecord& record) {
    found = true;
    too_long = record.too_long;
    first_line = std::string(record.text);
    return false;
  }));
  if (!found) return absl::InvalidArgumentError(absl::StrCat(bytes.path(), ": no records"));
  if (too_long) {
    return absl::InvalidArgumentError(
        absl::StrCat(bytes.path(), ": the first line is longer than ", kMaxRecordBytes, " bytes"));
  }
  absl::StatusOr<std::unique_ptr<RecordParser>> parser = format.make_parser(first_line);
  if (parser.ok()) return parser;
  return absl::Status(parser.status().code(),
                      absl::StrCat(bytes.path(), ": ", parser.status().message()));
}

absl::StatusOr<RecordIndex> BuildIndex(const DataBytes& bytes, const TextFormat& format,
                                       const RecordParser& parser, const BadRecordRule& rule,
                                       RecordCache* cache) {
  Pass pass(parser, cache);
  bool skip_header = format.header;
  absl::Status status = absl::OkStatus();
  PL_RETURN_IF_ERROR(ScanFile(bytes, format.syntax, [&](const ScannedRecord& record) {
    if (skip_header) {
      skip_header = false;
      return true;
    }
    pass.Add(record);
    status = rule.Check(bytes.path(), pass.index());
    return status.ok();
  }));
  PL_RETURN_IF_ERROR(status);
  PL_RETURN_IF_ERROR(bytes.CheckUnchanged());
  return pass.Finish(bytes.size());
}

absl::StatusOr<RecordIndex> LoadOrBuildIndex(FileSystem* fs, const std::string& dir,
                                             const DataBytes& bytes, const TextFormat& format,
                                             const RecordParser& parser, const BadRecordRule& rule,
                                             RecordCache* cache) {
  if (dir.empty()) return BuildIndex(bytes, format, parser, rule, cache);
  const std::string key = absl::StrCat(bytes.fingerprint(), " ", format.key);
  const std::string path = CacheFilePath(dir, key, "index");
  absl::StatusOr<RecordIndex> index = LoadIndex(fs, path, key);
  if (index.ok() && index->file_bytes == bytes.size()) {
    PL_RETURN_IF_ERROR(rule.Check(bytes.path(), *index));
    return index;
  }
  PL_ASSIGN_OR_RETURN(index, BuildIndex(bytes, format, parser, rule, cache));
  const absl::Status stored = WriteCacheFile(
      fs, path, [&](WritableFile* file) { return file->Append(EncodeRecordIndex(*index, key)); });
  if (!stored.ok()) {
    LogWarning("record index not stored", {{"data", bytes.path()}, {"error", stored}});
  }
  return index;
}

}  // namespace paceline::worker

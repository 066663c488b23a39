#include "worker/io/data/text_dataset.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "worker/io/data/batch_limit.h"
#include "worker/io/data/index_builder.h"

namespace paceline::worker {

namespace {

absl::Status CheckUsable(const std::string& path, const RecordIndex& index) {
  if (index.records == 0) return absl::InvalidArgumentError(absl::StrCat(path, ": no records"));
  if (index.bad.size() == index.records) {
    const BadRecord& first = index.shown_bad.front();
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": all ", index.records, " records are bad; line ", first.line, ": ", first.reason));
  }
  if (index.features == 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": no record has a feature"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TextDataset>> TextDataset::Open(
    FileSystem* fs, const std::string& index_dir, std::unique_ptr<DataBytes> bytes,
    const TextFormat& format, const BadRecordRule& rule, uint64_t cache_bytes) {
  PL_ASSIGN_OR_RETURN(std::unique_ptr<RecordParser> parser, MakeParser(*bytes, format));
  RecordCache cache(cache_bytes);
  PL_ASSIGN_OR_RETURN(RecordIndex index,
                      LoadOrBuildIndex(fs, index_dir, *bytes, format, *parser, rule, &cache));
  PL_RETURN_IF_ERROR(CheckUsable(bytes->path(), index));
  return std::unique_ptr<TextDataset>(new TextDataset(std::move(bytes), format, std::move(parser),
                                                      std::move(index), std::move(cache)));
}

TextDataset::TextDataset(std::unique_ptr<DataBytes> bytes, const TextFormat& format,
                         std::unique_ptr<RecordParser> parser, RecordIndex index, RecordCache cache)
    : bytes_(std::move(bytes)),
      parser_(std::move(parser)),
      index_(std::move(index)),
      features_(format.limits.features != 0 ? format.limits.features : index_.features),
      reader_(bytes_.get(), &index_, format.syntax),
      cache_(std::move(cache)) {}

absl::Status TextDataset::Read(absl::Span<const uint64_t> records, Batch* batch) {
  PL_RETURN_IF_ERROR(
      parser_->fields() > 0
          ? StartFieldsBatch(parser_->fields(), parser_->columns(), records.size(), batch)
          : StartBatch(parser_->dense(), features_, records.size(), batch));
  PL_RETURN_IF_ERROR(bytes_->CheckUnchanged());
  for (const uint64_t record : records) {
    if (record >= index_.records) {
      return absl::OutOfRangeError(
          absl::StrCat(bytes_->path(), ": record ", record, " of a data set of ", index_.records));
    }
    if (!index_.bad.empty() && index_.IsBad(record)) continue;
    if (cache_.Append(record, batch)) continue;
    PL_RETURN_IF_ERROR(ReadOne(record, batch));
    PL_RETURN_IF_ERROR(CheckBatchSize(*batch));
  }
  return absl::OkStatus();
}

absl::Status TextDataset::ReadOne(uint64_t record, Batch* batch) {
  PL_ASSIGN_OR_RETURN(const absl::string_view text, reader_.Read(record));
  if (const absl::Status status = parser_->Append(text, batch); !status.ok()) {
    // It was good when it was indexed.
    return absl::DataLossError(absl::StrCat(bytes_->path(), ": record ", record, ": ",
                                            status.message(),
                                            ": the file changed since it was indexed"));
  }
  cache_.InsertLast(record, *batch);
  return absl::OkStatus();
}

}  // namespace paceline::worker

// libsvm, csv, criteo and ratings data sets: records are found through an index and parsed when
// they are read.
//
// Opening makes one pass over the file, unless index_dir holds its index: it
// checks every record, so that bad records are known, and reported, before
// training starts. Parsed records are kept in memory within a budget
// (RecordCache); beyond it a read costs reading and parsing.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_IO_DATA_TEXT_DATASET_H_
#define PACELINE_WORKER_IO_DATA_TEXT_DATASET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/fs.h"
#include "worker/core/data/record_cache.h"
#include "worker/core/data/record_index.h"
#include "worker/core/data/record_parser.h"
#include "worker/core/data/text_format.h"
#include "worker/core/dataset.h"
#include "worker/io/data/bad_records.h"
#include "worker/io/data/data_bytes.h"
#include "worker/io/data/record_reader.h"

namespace paceline::worker {

class TextDataset final : public Dataset {
 public:
  // Errors:  those of MakeParser and LoadOrBuildIndex.
  //          InvalidArgument  no records, none that can be read, none with a feature.
  static absl::StatusOr<std::unique_ptr<TextDataset>> Open(
      FileSystem* fs, const std::string& index_dir, std::unique_ptr<DataBytes> bytes,
      const TextFormat& format, const BadRecordRule& rule,
      uint64_t cache_bytes = RecordCache::kDefaultBudgetBytes);

  uint64_t records() const override { return index_.records; }
  uint64_t features() const override { return features_; }
  uint32_t classes() const override { return index_.classes; }
  const CsvColumns* csv_columns() const override { return parser_->csv_columns(); }
  // All of the file, found when it was opened.
  uint64_t dense_values() const override {
    return parser_->dense() ? features_ : parser_->columns();
  }
  uint64_t bad_records() const override { return index_.bad.size(); }
  // Errors:  as Dataset::Read; bad records were found by Open, so InvalidArgument
  //          and, for them, ResourceExhausted do not occur here.
  //          ResourceExhausted  the batch takes more than kMaxBatchBytes.
  absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) override;

  uint64_t cached_records() const { return cache_.size(); }

 private:
  TextDataset(std::unique_ptr<DataBytes> bytes, const TextFormat& format,
              std::unique_ptr<RecordParser> parser, RecordIndex index, RecordCache cache);

  absl::Status ReadOne(uint64_t record, Batch* batch);

  const std::unique_ptr<DataBytes> bytes_;
  const std::unique_ptr<RecordParser> parser_;
  const RecordIndex index_;
  const uint64_t features_;
  RecordReader reader_;
  RecordCache cache_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_TEXT_DATASET_H_

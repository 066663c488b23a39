// A range of another data set's records: what is left for training when the end is held
// out, and that end.
#ifndef PACELINE_WORKER_CORE_DATA_RANGE_DATASET_H_
#define PACELINE_WORKER_CORE_DATA_RANGE_DATASET_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "worker/core/dataset.h"

namespace paceline::worker {

// How many of `records` are held out at the end for evaluation: `part` of them, rounded
// down, at least one. `part` is in (0, 1).
// Errors:  InvalidArgument  fewer than two records: none would be left to train on.
absl::StatusOr<uint64_t> HeldOutRecords(double part, uint64_t records);

// Record i is record first + i of the whole. Features and classes are those of the whole.
// Thread-compatible.
class RangeDataset final : public Dataset {
 public:
  // first + records <= whole->records().
  RangeDataset(std::unique_ptr<Dataset> whole, uint64_t first, uint64_t records);

  uint64_t records() const override { return records_; }
  uint64_t features() const override { return whole_->features(); }
  uint32_t classes() const override { return whole_->classes(); }
  const CsvColumns* csv_columns() const override { return whole_->csv_columns(); }
  uint64_t dense_values() const override { return whole_->dense_values(); }
  uint64_t bad_records() const override { return whole_->bad_records(); }
  // Errors:  OutOfRange  a number >= records(). Those of the whole, which number records
  //                      as its file does.
  absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) override;

 private:
  const std::unique_ptr<Dataset> whole_;
  const uint64_t first_;
  const uint64_t records_;
  std::vector<uint64_t> numbers_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_RANGE_DATASET_H_

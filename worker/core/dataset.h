// Records of one data set by number, whatever the format.
#ifndef PACELINE_WORKER_CORE_DATASET_H_
#define PACELINE_WORKER_CORE_DATASET_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/core/batch.h"

namespace paceline::worker {

struct CsvColumns;

// Implementations (worker/io/data) open a file, find or build its record index
// and read records by position. Thread-compatible.
class Dataset {
 public:
  virtual ~Dataset() = default;

  // Records in the file, bad ones included: "records [a, b)" is a fact.
  virtual uint64_t records() const = 0;
  // Largest feature index + 1 (csv, idx: the number of columns, of pixels).
  virtual uint64_t features() const = 0;
  // Largest label + 1 when all labels are integers >= 0, else 0.
  virtual uint32_t classes() const = 0;
  // What the columns of the file are (worker/core/data/csv_columns.h), as long as the data set
  // is there. Null: a format without them.
  virtual const CsvColumns* csv_columns() const { return nullptr; }
  // Dense values that every record takes in a batch. 0: none.
  virtual uint64_t dense_values() const { return 0; }
  // Bad records met so far (distinct).
  virtual uint64_t bad_records() const = 0;

  // Replaces `batch` by the records with these numbers, in this order; batch->nominal
  // becomes records.size(). Records that cannot be read are skipped under
  // on_bad_record: skip, up to the budget.
  // Errors:  InvalidArgument     a bad record: file, record (line), reason.
  //          ResourceExhausted   more bad records than max_bad_records; names the first ten.
  //          OutOfRange          a number >= records().
  //          DataLoss            the file changed since it was indexed.
  virtual absl::Status Read(absl::Span<const uint64_t> records, Batch* batch) = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATASET_H_

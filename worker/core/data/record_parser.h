// Turns the text of one record into a row of a batch; one implementation per
// text format.
#ifndef PACELINE_WORKER_CORE_DATA_RECORD_PARSER_H_
#define PACELINE_WORKER_CORE_DATA_RECORD_PARSER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "worker/core/batch.h"

namespace paceline::worker {

// Records longer than this are bad records.
inline constexpr uint64_t kMaxRecordBytes = uint64_t{16} << 20;

// What the job says of the values of a record.
struct RecordLimits {
  // Features are multiplied by this; a product that is not finite is a bad record.
  float scale = 1;
  // Largest feature index + 1. 0: no limit.
  uint64_t features = 0;
  // Labels are integers in [0, classes). 0: any finite number.
  uint32_t classes = 0;
};

struct CsvColumns;

// Immutable.
class RecordParser {
 public:
  virtual ~RecordParser() = default;

  // Whether rows are dense (Batch::dense) or CSR, unless they have fields.
  virtual bool dense() const = 0;

  // Keys of a record of a batch by fields (Batch::fields). 0: dense or CSR.
  virtual uint32_t fields() const { return 0; }

  // dense, fields: dense values of a record. CSR: 0.
  virtual uint64_t columns() const = 0;

  // Number of features where it is known without the data, else 0: largest index + 1.
  virtual uint64_t features() const { return columns(); }

  // What the columns of the file are (csv_columns.h). Null: a format without them.
  virtual const CsvColumns* csv_columns() const { return nullptr; }

  // Appends one record to `batch`. For CSR batch->offsets must start with a 0.
  // Errors:  InvalidArgument  the record is bad: the reason, without file or line.
  //                           `batch` is as it was.
  virtual absl::Status Append(absl::string_view text, Batch* batch) const = 0;
};

// Errors:  InvalidArgument  `label` is not an integer in [0, classes); classes > 0.
absl::Status CheckLabel(float label, const RecordLimits& limits);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_RECORD_PARSER_H_

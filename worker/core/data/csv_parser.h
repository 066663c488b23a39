// CSV text after RFC 4180: every field is a number, one column is the label, the
// others are the features in their order, but for those that are left out.
//
// A field may be quoted ("1.5"), with doubled quotes inside; a quote opens only
// at the start of a field. Spaces around a number are ignored. Every record has
// as many fields as the first line.
//
// Which column is what: csv_columns.h. Columns of categories: category_parser.h.
//
// Errors of Append, all InvalidArgument: a number of fields other than expected,
// a field that is not a finite number (after scaling), an unterminated quote, text
// after a closing quote; a label outside limits.classes. Columns are counted from
// 0, as in `label`.
//
// Immutable.
#ifndef PACELINE_WORKER_CORE_DATA_CSV_PARSER_H_
#define PACELINE_WORKER_CORE_DATA_CSV_PARSER_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/core/data/csv_columns.h"
#include "worker/core/data/record_parser.h"

namespace paceline::worker {

class CsvParser final : public RecordParser {
 public:
  // `options` without categories.
  // Errors:  those of ReadCsvColumns.
  //          InvalidArgument  a number of feature columns other than limits.features.
  static absl::StatusOr<std::unique_ptr<CsvParser>> Create(const CsvOptions& options,
                                                           absl::string_view first_line);

  bool dense() const override { return true; }
  uint64_t columns() const override { return features_; }
  const CsvColumns* csv_columns() const override { return &columns_; }
  absl::Status Append(absl::string_view text, Batch* batch) const override;

 private:
  CsvParser(const CsvOptions& options, CsvColumns columns);

  absl::Status AppendFields(absl::string_view text, float* label, Batch* batch) const;

  const CsvOptions options_;
  const CsvColumns columns_;
  const uint64_t features_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_CSV_PARSER_H_

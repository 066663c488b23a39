// CSV text after RFC 4180: every field is a number, one column is the label, the
// others are the features in their order.
//
// A field may be quoted ("1.5"), with doubled quotes inside; a quote opens only
// at the start of a field. Spaces around a number are ignored. Every record has
// as many fields as the first line.
//
// The label column is named by the header, or counted from 0, or from the end
// (-1 is the last). With a header a name is looked up first.
//
// Errors of Append, all InvalidArgument: a number of fields other than expected,
// a field that is not a finite number (after scaling), an unterminated quote, text
// after a closing quote; a label outside limits.classes. Columns are counted from
// 0, as in `label`.
//
// Immutable.
#ifndef PACELINE_WORKER_CORE_DATA_CSV_PARSER_H_
#define PACELINE_WORKER_CORE_DATA_CSV_PARSER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/core/data/record_parser.h"

namespace paceline::worker {

struct CsvOptions {
  char delimiter = ',';
  std::string label = "-1";
  // The first line names the columns.
  bool header = false;
  RecordLimits limits;
};

class CsvParser final : public RecordParser {
 public:
  // `first_line` fixes the number of columns, and their names if it is a header.
  // Errors:  InvalidArgument  the label names no column or more than one; fewer
  //                           than two columns; a number of feature columns other
  //                           than limits.features; an unterminated quote.
  static absl::StatusOr<std::unique_ptr<CsvParser>> Create(const CsvOptions& options,
                                                           absl::string_view first_line);

  bool dense() const override { return true; }
  uint64_t columns() const override { return fields_ - 1; }
  uint64_t label_column() const { return label_column_; }
  absl::Status Append(absl::string_view text, Batch* batch) const override;

 private:
  CsvParser(const CsvOptions& options, std::vector<std::string> names, uint64_t fields,
            uint64_t label_column);

  absl::Status AppendFields(absl::string_view text, float* label, Batch* batch) const;
  std::string ColumnName(uint64_t column) const;

  const CsvOptions options_;
  // Empty without a header.
  const std::vector<std::string> names_;
  const uint64_t fields_;
  const uint64_t label_column_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_CSV_PARSER_H_

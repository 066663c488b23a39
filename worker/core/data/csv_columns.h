// What the columns of a delimited text file are: which is the label, which hold numbers,
// which categories, which are left out.
//
// A column is named by the header, or counted from 0, or from the end (-1 is the last).
// With a header a name is looked up first.
#ifndef PACELINE_WORKER_CORE_DATA_CSV_COLUMNS_H_
#define PACELINE_WORKER_CORE_DATA_CSV_COLUMNS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/core/data/record_parser.h"

namespace paceline::worker {

struct CsvOptions {
  char delimiter = ',';
  std::string label = "-1";
  // The first line names the columns.
  bool header = false;
  // Columns of categories, and columns that are left out; the others hold numbers.
  std::vector<std::string> categories;
  std::vector<std::string> ignore;
  RecordLimits limits;
};

enum class ColumnRole : uint8_t { kNumber, kLabel, kCategory, kIgnored };

// Thread-compatible.
struct CsvColumns {
  // Empty without a header.
  std::vector<std::string> names;
  // Of every column; one of them is the label.
  std::vector<ColumnRole> roles;

  uint64_t Count(ColumnRole role) const;

  // For messages: `column 3 ("price")`.
  std::string Name(uint64_t column) const;

  // The column that `name` means. `what` starts the messages: `label "y": no such column`.
  // Errors:  InvalidArgument  no such column, or more than one of that name.
  absl::StatusOr<uint64_t> Find(absl::string_view what, const std::string& name) const;
};

// `first_line` fixes the number of columns, and their names if it is a header.
// Errors:  InvalidArgument  a column that is none, is named twice, or has two roles; fewer
//                           than two columns; nothing but a label; an unterminated quote.
absl::StatusOr<CsvColumns> ReadCsvColumns(const CsvOptions& options, absl::string_view first_line);

// Whether the numbers and categories of two files can be paired by position: as many columns
// of each kind and, where both files have a header, of the same names in the same order. The
// label and columns that are left out may be anywhere.
// Errors:  InvalidArgument  they cannot: what was expected and what came.
absl::Status CheckSameColumns(const CsvColumns& expected, const CsvColumns& got);

// Criteo's: label, i1 to i13 (numbers), c1 to c26 (categories).
CsvColumns CriteoColumns();

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DATA_CSV_COLUMNS_H_

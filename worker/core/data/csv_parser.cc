#include "worker/core/data/csv_parser.h"

#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "worker/core/data/csv_fields.h"
#include "worker/core/data/number.h"

namespace paceline::worker {

CsvParser::CsvParser(const CsvOptions& options, CsvColumns columns)
    : options_(options),
      columns_(std::move(columns)),
      features_(columns_.Count(ColumnRole::kNumber)) {}

absl::StatusOr<std::unique_ptr<CsvParser>> CsvParser::Create(const CsvOptions& options,
                                                             absl::string_view first_line) {
  PL_ASSIGN_OR_RETURN(CsvColumns columns, ReadCsvColumns(options, first_line));
  const uint64_t features = options.limits.features;
  const uint64_t used = columns.roles.size() - columns.Count(ColumnRole::kIgnored);
  if (features != 0 && features != used - 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(features, " features and a label expected, got ", used, " columns"));
  }
  return std::unique_ptr<CsvParser>(new CsvParser(options, std::move(columns)));
}

absl::Status CsvParser::Append(absl::string_view text, Batch* batch) const {
  const size_t before = batch->dense_values.size();
  float label = 0;
  absl::Status status = AppendFields(text, &label, batch);
  if (status.ok()) status = CheckLabel(label, options_.limits);
  if (!status.ok()) {
    batch->dense_values.resize(before);
    return status;
  }
  batch->labels.push_back(label);
  return absl::OkStatus();
}

absl::Status CsvParser::AppendFields(absl::string_view text, float* label, Batch* batch) const {
  const uint64_t fields = columns_.roles.size();
  CsvFields walk(text, options_.delimiter);
  uint64_t column = 0;
  for (; walk.Next(); ++column) {
    // Further fields are counted for the message.
    if (column >= fields || columns_.roles[column] == ColumnRole::kIgnored) continue;
    const absl::string_view field = absl::StripAsciiWhitespace(walk.text());
    float value = 0;
    const char* end = field.data() + field.size();
    if (ReadNumber(field.data(), end, &value) != end || field.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(columns_.Name(column), ": ", NumberError(field).message()));
    }
    if (columns_.roles[column] == ColumnRole::kLabel) {
      *label = value;
      continue;
    }
    value *= options_.limits.scale;
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          columns_.Name(column), ": not finite after scaling by ", options_.limits.scale));
    }
    batch->dense_values.push_back(value);
  }
  PL_RETURN_IF_ERROR(walk.status());
  if (column != fields) {
    return absl::InvalidArgumentError(
        absl::StrCat(fields, " fields expected as in the first line, got ", column));
  }
  return absl::OkStatus();
}

}  // namespace paceline::worker

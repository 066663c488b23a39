#include "worker/core/data/csv_parser.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "worker/core/data/csv_fields.h"
#include "worker/core/data/number.h"

namespace paceline::worker {

namespace {

std::string ShowNames(const std::vector<std::string>& names) {
  constexpr size_t kShown = 10;
  const size_t shown = std::min(names.size(), kShown);
  std::string text = absl::StrJoin(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", ",
      [](std::string* out, const std::string& name) { absl::StrAppend(out, Quoted(name)); });
  if (names.size() > kShown) absl::StrAppend(&text, ", and ", names.size() - kShown, " more");
  return text;
}

absl::StatusOr<uint64_t> FindLabel(const CsvOptions& options, const std::vector<std::string>& names,
                                   uint64_t fields) {
  if (options.header) {
    const auto count = std::count(names.begin(), names.end(), options.label);
    if (count > 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("label ", Quoted(options.label), ": ", count, " columns have that name"));
    }
    if (count == 1) {
      return static_cast<uint64_t>(std::find(names.begin(), names.end(), options.label) -
                                   names.begin());
    }
  }
  int64_t index = 0;
  if (!absl::SimpleAtoi(options.label, &index)) {
    return absl::InvalidArgumentError(
        options.header ? absl::StrCat("label ", Quoted(options.label),
                                      ": no such column; the columns are ", ShowNames(names))
                       : absl::StrCat("label ", Quoted(options.label),
                                      ": a column index expected, since there is no header"));
  }
  const int64_t count = static_cast<int64_t>(fields);
  if (index < -count || index >= count) {
    return absl::InvalidArgumentError(
        absl::StrCat("label ", index, ": a column from ", -count, " to ", count - 1, " expected"));
  }
  return static_cast<uint64_t>(index < 0 ? index + count : index);
}

}  // namespace

CsvParser::CsvParser(const CsvOptions& options, std::vector<std::string> names, uint64_t fields,
                     uint64_t label_column)
    : options_(options), names_(std::move(names)), fields_(fields), label_column_(label_column) {}

absl::StatusOr<std::unique_ptr<CsvParser>> CsvParser::Create(const CsvOptions& options,
                                                             absl::string_view first_line) {
  std::vector<std::string> names;
  uint64_t fields = 0;
  CsvFields walk(first_line, options.delimiter);
  for (; walk.Next(); ++fields) {
    if (options.header) names.emplace_back(absl::StripAsciiWhitespace(walk.text()));
  }
  PL_RETURN_IF_ERROR(walk.status());
  if (fields < 2) {
    return absl::InvalidArgumentError(absl::StrCat("at least two columns separated by ",
                                                   Quoted(absl::string_view(&options.delimiter, 1)),
                                                   " expected, got ", Quoted(first_line)));
  }
  PL_ASSIGN_OR_RETURN(const uint64_t label, FindLabel(options, names, fields));
  const uint64_t features = options.limits.features;
  if (features != 0 && features != fields - 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(features, " features and a label expected, got ", fields, " columns"));
  }
  return std::unique_ptr<CsvParser>(new CsvParser(options, std::move(names), fields, label));
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
  CsvFields walk(text, options_.delimiter);
  uint64_t column = 0;
  for (; walk.Next(); ++column) {
    if (column >= fields_) continue;  // counted for the message
    const absl::string_view field = absl::StripAsciiWhitespace(walk.text());
    float value = 0;
    const char* end = field.data() + field.size();
    if (ReadNumber(field.data(), end, &value) != end || field.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(ColumnName(column), ": ", NumberError(field).message()));
    }
    if (column == label_column_) {
      *label = value;
      continue;
    }
    value *= options_.limits.scale;
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          ColumnName(column), ": not finite after scaling by ", options_.limits.scale));
    }
    batch->dense_values.push_back(value);
  }
  PL_RETURN_IF_ERROR(walk.status());
  if (column != fields_) {
    return absl::InvalidArgumentError(
        absl::StrCat(fields_, " fields expected as in the first line, got ", column));
  }
  return absl::OkStatus();
}

std::string CsvParser::ColumnName(uint64_t column) const {
  if (names_.empty()) return absl::StrCat("column ", column);
  return absl::StrCat("column ", column, " (", Quoted(names_[column]), ")");
}

}  // namespace paceline::worker

#include "worker/core/data/csv_columns.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_macros.h"
#include "worker/core/data/csv_fields.h"
#include "worker/core/data/number.h"

namespace paceline::worker {

namespace {

constexpr int kCriteoNumbers = 13;
constexpr int kCriteoCategories = 26;

std::string ShowNames(const std::vector<std::string>& names) {
  constexpr size_t kShown = 10;
  const size_t shown = std::min(names.size(), kShown);
  std::string text = absl::StrJoin(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", ",
      [](std::string* out, const std::string& name) { absl::StrAppend(out, Quoted(name)); });
  if (names.size() > kShown) absl::StrAppend(&text, ", and ", names.size() - kShown, " more");
  return text;
}

// Gives columns that still count as numbers another role.
absl::Status Assign(absl::string_view what, const std::vector<std::string>& names, ColumnRole role,
                    CsvColumns* columns) {
  for (const std::string& name : names) {
    PL_ASSIGN_OR_RETURN(const uint64_t column, columns->Find(what, name));
    if (columns->roles[column] != ColumnRole::kNumber) {
      const absl::string_view before =
          columns->roles[column] == ColumnRole::kLabel ? "it is the label" : "it is named twice";
      return absl::InvalidArgumentError(absl::StrCat(what, " ", Quoted(name), ": ", before));
    }
    columns->roles[column] = role;
  }
  return absl::OkStatus();
}

std::vector<uint64_t> ColumnsOf(const CsvColumns& columns, ColumnRole role) {
  std::vector<uint64_t> found;
  for (uint64_t column = 0; column < columns.roles.size(); ++column) {
    if (columns.roles[column] == role) found.push_back(column);
  }
  return found;
}

}  // namespace

uint64_t CsvColumns::Count(ColumnRole role) const {
  return static_cast<uint64_t>(std::count(roles.begin(), roles.end(), role));
}

std::string CsvColumns::Name(uint64_t column) const {
  if (names.empty()) return absl::StrCat("column ", column);
  return absl::StrCat("column ", column, " (", Quoted(names[column]), ")");
}

absl::StatusOr<uint64_t> CsvColumns::Find(absl::string_view what, const std::string& name) const {
  const auto same = std::count(names.begin(), names.end(), name);
  if (same > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " ", Quoted(name), ": ", same, " columns have that name"));
  }
  if (same == 1) {
    return static_cast<uint64_t>(std::find(names.begin(), names.end(), name) - names.begin());
  }
  int64_t index = 0;
  if (!absl::SimpleAtoi(name, &index)) {
    return absl::InvalidArgumentError(
        names.empty() ? absl::StrCat(what, " ", Quoted(name),
                                     ": a column index expected, since there is no header")
                      : absl::StrCat(what, " ", Quoted(name), ": no such column; the columns are ",
                                     ShowNames(names)));
  }
  const int64_t count = static_cast<int64_t>(roles.size());
  if (index < -count || index >= count) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " ", index, ": a column from ", -count, " to ", count - 1, " expected"));
  }
  return static_cast<uint64_t>(index < 0 ? index + count : index);
}

absl::StatusOr<CsvColumns> ReadCsvColumns(const CsvOptions& options, absl::string_view first_line) {
  CsvColumns columns;
  CsvFields walk(first_line, options.delimiter);
  while (walk.Next()) {
    if (options.header) columns.names.emplace_back(absl::StripAsciiWhitespace(walk.text()));
    columns.roles.push_back(ColumnRole::kNumber);
  }
  PL_RETURN_IF_ERROR(walk.status());
  if (columns.roles.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat("at least two columns separated by ",
                                                   Quoted(absl::string_view(&options.delimiter, 1)),
                                                   " expected, got ", Quoted(first_line)));
  }
  PL_RETURN_IF_ERROR(Assign("label", {options.label}, ColumnRole::kLabel, &columns));
  PL_RETURN_IF_ERROR(Assign("category", options.categories, ColumnRole::kCategory, &columns));
  PL_RETURN_IF_ERROR(Assign("ignored column", options.ignore, ColumnRole::kIgnored, &columns));
  if (columns.Count(ColumnRole::kIgnored) + 1 == columns.roles.size()) {
    return absl::InvalidArgumentError("a column beside the label expected, all are ignored");
  }
  return columns;
}

absl::Status CheckSameColumns(const CsvColumns& expected, const CsvColumns& got) {
  const uint64_t numbers = expected.Count(ColumnRole::kNumber);
  const uint64_t categories = expected.Count(ColumnRole::kCategory);
  if (got.Count(ColumnRole::kNumber) != numbers || got.Count(ColumnRole::kCategory) != categories) {
    return absl::InvalidArgumentError(absl::StrCat(
        "columns of numbers and of categories: ", numbers, " and ", categories, " expected, got ",
        got.Count(ColumnRole::kNumber), " and ", got.Count(ColumnRole::kCategory)));
  }
  if (expected.names.empty() || got.names.empty()) return absl::OkStatus();
  for (const ColumnRole role : {ColumnRole::kNumber, ColumnRole::kCategory}) {
    const std::vector<uint64_t> there = ColumnsOf(expected, role);
    const std::vector<uint64_t> here = ColumnsOf(got, role);
    for (size_t i = 0; i < there.size(); ++i) {
      if (expected.names[there[i]] == got.names[here[i]]) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(expected.Name(there[i]), " expected, got ", got.Name(here[i])));
    }
  }
  return absl::OkStatus();
}

CsvColumns CriteoColumns() {
  CsvColumns columns;
  const auto add = [&](std::string name, ColumnRole role) {
    columns.names.push_back(std::move(name));
    columns.roles.push_back(role);
  };
  add("label", ColumnRole::kLabel);
  for (int i = 1; i <= kCriteoNumbers; ++i) add(absl::StrCat("i", i), ColumnRole::kNumber);
  for (int c = 1; c <= kCriteoCategories; ++c) add(absl::StrCat("c", c), ColumnRole::kCategory);
  return columns;
}

}  // namespace paceline::worker

// Which words go with which data format.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/spec/rules.h"

namespace paceline::spec_rules {
namespace {

constexpr int kMaxColumns = 4096;
constexpr int kMaxCrosses = 256;
constexpr int kMaxCrossColumns = 16;

// Criteo's lines: a label, then 13 numbers, then 26 categories.
constexpr int64_t kCriteoCategories = 26;
constexpr int64_t kCriteoColumns = 40;

bool HasCategories(const v1::DataFile& file) {
  return file.format() == v1::DATA_FORMAT_CRITEO || !file.categories().empty();
}

// A column of a csv file, by name only where there is a header.
void CheckColumn(const v1::DataFile& file, const std::string& path, const std::string& column,
                 std::vector<Problem>* problems) {
  int64_t index = 0;
  if (column.empty()) {
    problems->push_back(Expected(path, "a column", "none"));
  } else if (!file.header() && !absl::SimpleAtoi(column, &index)) {
    problems->push_back(Expected(path, "a column index (a name needs `header: true`)", column));
  }
}

template <typename Columns>
void CheckColumns(const v1::DataFile& file, const std::string& path, const Columns& columns,
                  std::vector<Problem>* problems) {
  if (columns.size() > kMaxColumns) {
    problems->push_back(Expected(path, absl::StrCat("at most ", kMaxColumns, " columns"),
                                 absl::StrCat(columns.size())));
    return;
  }
  for (int i = 0; i < columns.size(); ++i) {
    CheckColumn(file, absl::StrCat(path, "[", i, "]"), columns[i], problems);
  }
}

// c1 to c26, or 14 to 39.
bool IsCriteoCategory(const std::string& column) {
  int64_t number = 0;
  if (absl::StartsWith(column, "c")) {
    return absl::SimpleAtoi(column.substr(1), &number) && number >= 1 &&
           number <= kCriteoCategories;
  }
  return absl::SimpleAtoi(column, &number) && number >= kCriteoColumns - kCriteoCategories &&
         number < kCriteoColumns;
}

void CheckCross(const v1::DataFile& train, const v1::CrossSpec& cross, const std::string& path,
                std::vector<Problem>* problems) {
  if (cross.columns_size() < 2 || cross.columns_size() > kMaxCrossColumns) {
    problems->push_back(Expected(path, absl::StrCat("2 to ", kMaxCrossColumns, " columns"),
                                 absl::StrCat(cross.columns_size())));
  }
  for (int i = 0; i < cross.columns_size(); ++i) {
    const std::string& column = cross.columns(i);
    const std::string at = absl::StrCat(path, "[", i, "]");
    if (std::count(cross.columns().begin(), cross.columns().end(), column) > 1) {
      problems->push_back(Expected(at, "columns that differ", column));
    } else if (train.format() != v1::DATA_FORMAT_CRITEO) {
      CheckColumn(train, at, column, problems);
    } else if (!IsCriteoCategory(column)) {
      problems->push_back(Expected(at, "c1 to c26 or a column from 14 to 39", column));
    }
  }
}

}  // namespace

void CheckFormat(const v1::DataFile& file, const std::string& path,
                 std::vector<Problem>* problems) {
  const bool csv = file.format() == v1::DATA_FORMAT_CSV;
  const bool lines = csv || file.format() == v1::DATA_FORMAT_RATINGS;
  RefuseIf(!csv && !file.label().empty(), absl::StrCat(path, ".label"), "format csv", problems);
  RefuseIf(!lines && file.header(), absl::StrCat(path, ".header"), "format csv or ratings",
           problems);
  RefuseIf(!lines && !file.delimiter().empty(), absl::StrCat(path, ".delimiter"),
           "format csv or ratings", problems);
  RefuseIf(!csv && !file.categories().empty(), absl::StrCat(path, ".categories"), "format csv",
           problems);
  RefuseIf(!csv && !file.ignore().empty(), absl::StrCat(path, ".ignore"), "format csv", problems);
  const std::string& delimiter = file.delimiter();
  if (delimiter.size() > 1 || delimiter == "\"" || delimiter == "\n" || delimiter == "\r") {
    problems->push_back(Expected(absl::StrCat(path, ".delimiter"),
                                 "one ASCII character other than a quote or a line end",
                                 delimiter));
  }
  if (!csv) return;
  if (!file.label().empty()) CheckColumn(file, path + ".label", file.label(), problems);
  CheckColumns(file, path + ".categories", file.categories(), problems);
  CheckColumns(file, path + ".ignore", file.ignore(), problems);
}

void CheckCategories(const v1::DataSpec& data, std::vector<Problem>* problems) {
  const bool ratings = data.train().format() == v1::DATA_FORMAT_RATINGS;
  RefuseIf(ratings && data.has_scale() && data.scale() != 1, "data.scale",
           "a format other than ratings", problems);
  const bool categories = HasCategories(data.train());
  const std::string when = "format criteo, or csv with categories";
  RefuseIf(!categories && data.hash_buckets() != 0, "data.hash_buckets", when, problems);
  RefuseIf(!categories && !data.crosses().empty(), "data.crosses", when, problems);
  RefuseIf(!categories && data.has_log_numbers(), "data.log_numbers", when, problems);
  RefuseIf(categories && data.features() != 0, "data.features",
           "a format without categories (they make data.hash_buckets features)", problems);
  if (data.has_eval() && HasCategories(data.eval()) != categories) {
    problems->push_back(
        Complaint("data.eval", "one of data.train and data.eval has categories, the other none"));
  }
  if (data.crosses_size() > kMaxCrosses) {
    problems->push_back(Expected("data.crosses", absl::StrCat("at most ", kMaxCrosses, " crosses"),
                                 absl::StrCat(data.crosses_size())));
    return;
  }
  for (int i = 0; categories && i < data.crosses_size(); ++i) {
    CheckCross(data.train(), data.crosses(i), absl::StrCat("data.crosses[", i, "].columns"),
               problems);
  }
}

}  // namespace paceline::spec_rules

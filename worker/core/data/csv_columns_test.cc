#include "worker/core/data/csv_columns.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;
using Names = std::vector<std::string>;
using Roles = std::vector<ColumnRole>;
constexpr ColumnRole kNumber = ColumnRole::kNumber;
constexpr ColumnRole kLabel = ColumnRole::kLabel;
constexpr ColumnRole kCategory = ColumnRole::kCategory;
constexpr ColumnRole kIgnored = ColumnRole::kIgnored;

TEST_CASE("the label column") {
  struct Case {
    std::string label;
    bool header;
    uint64_t want;
  };
  const Case cases[] = {
      {"-1", false, 3}, {"0", false, 0}, {"3", false, 3}, {"-4", false, 0}, {"+1", false, 1},
      {"y", true, 3},   {"b", true, 2},  {"7", true, 1},  {"2", true, 2},   {"-1", true, 3},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label, c.header);
    CsvOptions options;
    options.label = c.label;
    options.header = c.header;
    REQUIRE_OK_AND_ASSIGN(const CsvColumns columns, ReadCsvColumns(options, "a,7, b ,\"y\""));
    CHECK(columns.roles.size() == 4);
    CHECK(columns.roles[c.want] == kLabel);
    CHECK(columns.Count(kNumber) == 3);
  }
}

TEST_CASE("roles") {
  CsvOptions options;
  options.header = true;
  options.label = "click";
  options.categories = {"site", "-1"};
  options.ignore = {"id"};
  REQUIRE_OK_AND_ASSIGN(const CsvColumns columns,
                        ReadCsvColumns(options, "id,click,price,site,device"));
  CHECK(columns.roles == Roles{kIgnored, kLabel, kNumber, kCategory, kCategory});
  CHECK(columns.Name(2) == "column 2 (\"price\")");
}

TEST_CASE("a first line that does not fit the job") {
  struct Case {
    std::string label;
    bool header;
    Names categories;
    Names ignore;
    std::string first;
    std::string error;
  };
  const Case cases[] = {
      {"y", false, {}, {}, "1,2", "label \"y\": a column index expected, since there is no header"},
      {"z", true, {}, {}, "x,y", "label \"z\": no such column; the columns are \"x\", \"y\""},
      {"z", true, {}, {}, "1,2,3,4,5,6,7,8,9,10,11,12", "\"10\", and 2 more"},
      {"y", true, {}, {}, "y,x,y", "label \"y\": 2 columns have that name"},
      {"2", false, {}, {}, "1,2", "label 2: a column from -2 to 1 expected"},
      {"-3", false, {}, {}, "1,2", "label -3: a column from -2 to 1 expected"},
      {"-1", false, {}, {}, "1;2", "at least two columns separated by \",\" expected, got \"1;2\""},
      {"-1", false, {}, {}, "1,\"2", "unterminated quote"},
      {"-1", false, {"a"}, {}, "1,2", "category \"a\": a column index expected"},
      {"-1", false, {"1"}, {}, "1,2", "category \"1\": it is the label"},
      {"-1", false, {"0", "-2"}, {}, "1,2", "category \"-2\": it is named twice"},
      {"-1", false, {"0"}, {"0"}, "1,2,3", "ignored column \"0\": it is named twice"},
      {"-1", false, {}, {"0"}, "1,2", "a column beside the label expected, all are ignored"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.label, c.first, c.error);
    CsvOptions options;
    options.label = c.label;
    options.header = c.header;
    options.categories = c.categories;
    options.ignore = c.ignore;
    CHECK_STATUS(ReadCsvColumns(options, c.first), Code::kInvalidArgument, c.error);
  }
}

TEST_CASE("criteo's columns") {
  const CsvColumns columns = CriteoColumns();
  CHECK(columns.roles.size() == 40);
  CHECK(columns.Count(kNumber) == 13);
  CHECK(columns.Count(kCategory) == 26);
  CHECK(columns.Name(0) == "column 0 (\"label\")");
  CHECK(columns.Name(13) == "column 13 (\"i13\")");
  REQUIRE_OK_AND_ASSIGN(const uint64_t last, columns.Find("cross", "c26"));
  CHECK(last == 39);
  CHECK(columns.roles[last] == kCategory);
}

TEST_CASE("columns of two files that can be paired by position, and that cannot") {
  struct Case {
    const char* train;
    const char* eval;
    bool header;
    // Empty: they can.
    std::string error;
  };
  const Case cases[] = {
      {"a,b,c_1,c_2,y", "a,b,c_1,c_2,y", true, ""},
      {"a,b,c_1,c_2,y", "y,a,c_1,b,c_2", true, ""},
      {"a,b,c_1,c_2,y", "1,2,c_1,c_2,y", false, ""},
      {"a,b,c_1,c_2,y", "a,b,c_1,y", true,
       "columns of numbers and of categories: 2 and 2 expected, got 2 and 1"},
      {"a,b,c_1,c_2,y", "a,c_1,c_2,y", false,
       "columns of numbers and of categories: 2 and 2 expected, got 1 and 2"},
      {"a,b,c_1,c_2,y", "b,a,c_1,c_2,y", true, "column 0 (\"a\") expected, got column 0 (\"b\")"},
      {"a,b,c_1,c_2,y", "a,b,y,c_2,c_1", true,
       "column 2 (\"c_1\") expected, got column 3 (\"c_2\")"},
      {"a,b,c_1,c_2,y", "a,x,c_1,c_2,y", true, "column 1 (\"b\") expected, got column 1 (\"x\")"},
  };
  // By name: y is the label, c_ are categories.
  const auto columns = [](const std::string& line, bool header) {
    CsvColumns made;
    for (const absl::string_view name : absl::StrSplit(line, ',')) {
      made.names.emplace_back(name);
      made.roles.push_back(name == "y" ? kLabel : name[0] == 'c' ? kCategory : kNumber);
    }
    if (!header) made.names.clear();
    return made;
  };
  for (const Case& c : cases) {
    CAPTURE(c.train, c.eval, c.header);
    const absl::Status same = CheckSameColumns(columns(c.train, true), columns(c.eval, c.header));
    if (c.error.empty()) {
      CHECK_OK(same);
    } else {
      CHECK_STATUS(same, Code::kInvalidArgument, c.error);
    }
  }
}

}  // namespace
}  // namespace paceline::worker

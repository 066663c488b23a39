#include "worker/core/data/csv_parser.h"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/data/csv_columns.h"
#include "worker/core/data/csv_fields.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;

Batch EmptyDense() {
  Batch batch;
  batch.dense = true;
  return batch;
}

TEST_CASE("fields after RFC 4180") {
  struct Case {
    std::string text;
    std::vector<std::string> want;
  };
  const Case cases[] = {
      {"", {""}},
      {"a", {"a"}},
      {"a,b", {"a", "b"}},
      {",", {"", ""}},
      {"a,,b,", {"a", "", "b", ""}},
      {"\"a\"", {"a"}},
      {"\"a,b\",c", {"a,b", "c"}},
      {"\"a \"\"b\"\"\",c", {"a \"b\"", "c"}},
      {"\"\",x", {"", "x"}},
      {"\"\"\"\"", {"\""}},
      {"\"a\nb\",c", {"a\nb", "c"}},
      {"5\" disk,x", {"5\" disk", "x"}},
      {"x,\"\"", {"x", ""}},
      {"\"x\",", {"x", ""}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    std::vector<std::string> got;
    CsvFields fields(c.text, ',');
    while (fields.Next()) got.emplace_back(fields.text());
    CHECK_OK(fields.status());
    CHECK(got == c.want);
    CHECK_FALSE(fields.Next());
  }
}

TEST_CASE("bad quotes") {
  const std::pair<std::string, std::string> cases[] = {
      {"\"a", "unterminated quote before \"a\""},
      {"1,\"", "unterminated quote before \"\""},
      {"\"a\"b,c", "a delimiter expected after a closing quote, got \"b,c\""},
      {"\"a\" ,c", "a delimiter expected after a closing quote, got \" ,c\""},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text);
    CsvFields fields(text, ',');
    while (fields.Next()) {
    }
    CHECK_STATUS(fields.status(), Code::kInvalidArgument, reason);
    CHECK_FALSE(fields.Next());
  }
}

TEST_CASE("good csv records") {
  CsvOptions options;
  options.label = "1";
  options.limits.scale = 2;
  REQUIRE_OK_AND_ASSIGN(const auto parser, CsvParser::Create(options, "1,2,3"));
  CHECK(parser->dense());
  Batch batch = EmptyDense();
  REQUIRE_OK(parser->Append("1,2,3", &batch));
  REQUIRE_OK(parser->Append(" -1.5 ,\"7\",\"\t1e2 \"", &batch));
  CHECK(batch.labels == std::vector<float>{2, 7});
  CHECK(batch.dense_values == std::vector<float>{2, 6, -3, 200});

  options.delimiter = '\t';
  REQUIRE_OK_AND_ASSIGN(const auto tabs, CsvParser::Create(options, "1\t2\t3"));
  batch = EmptyDense();
  REQUIRE_OK(tabs->Append("4\t5\t 6", &batch));
  CHECK(batch.labels == std::vector<float>{5});
  CHECK(batch.dense_values == std::vector<float>{8, 12});
}

TEST_CASE("columns that are left out may hold anything") {
  CsvOptions options;
  options.header = true;
  options.ignore = {"id", "-2"};
  REQUIRE_OK_AND_ASSIGN(const auto parser, CsvParser::Create(options, "id,a,b,note,y"));
  CHECK(parser->columns() == 2);
  Batch batch = EmptyDense();
  REQUIRE_OK(parser->Append("x,1,2,,0", &batch));
  CHECK(batch.dense_values == std::vector<float>{1, 2});
  CHECK_STATUS(parser->Append("x,1,2,0", &batch), Code::kInvalidArgument,
               "5 fields expected as in the first line, got 4");
  options.limits.features = 4;
  CHECK_STATUS(CsvParser::Create(options, "id,a,b,note,y"), Code::kInvalidArgument,
               "4 features and a label expected, got 3 columns");
}

TEST_CASE("bad csv records say why and leave the batch as it was") {
  CsvOptions options;
  options.header = true;
  options.limits.scale = 4;
  options.limits.classes = 2;
  REQUIRE_OK_AND_ASSIGN(const auto parser, CsvParser::Create(options, "a,b,y"));
  Batch batch = EmptyDense();
  REQUIRE_OK(parser->Append("1,2,0", &batch));
  const std::pair<std::string, std::string> cases[] = {
      {"1,2", "3 fields expected as in the first line, got 2"},
      {"1,2,0,3,4", "3 fields expected as in the first line, got 5"},
      {"", "column 0 (\"a\"): a number expected, got an empty field"},
      {"1,,0", "column 1 (\"b\"): a number expected, got an empty field"},
      {"1,red,0", "column 1 (\"b\"): a number expected, got \"red\""},
      {"1,2 3,0", "column 1 (\"b\"): a number expected, got \"2 3\""},
      {"1,nan,0", "column 1 (\"b\"): a finite float32 number expected, got \"nan\""},
      {"1,2,inf", "column 2 (\"y\"): a finite float32 number expected, got \"inf\""},
      {"1,2e38,0", "column 1 (\"b\"): not finite after scaling by 4"},
      {"1,2,2", "label 2: 0 or 1 expected"},
      {"1,2,\"0", "unterminated quote"},
      {"1,\"2\"3,0", "a delimiter expected after a closing quote"},
      {std::string("1,\0,0", 5), "column 1 (\"b\"): a number expected, got \"\\x00\""},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text);
    CHECK_STATUS(parser->Append(text, &batch), Code::kInvalidArgument, reason);
    CHECK(batch.labels == std::vector<float>{0});
    CHECK(batch.dense_values == std::vector<float>{4, 8});
  }
  REQUIRE_OK_AND_ASSIGN(const auto bare, CsvParser::Create(CsvOptions(), "1,2"));
  CHECK_STATUS(bare->Append("x,2", &batch), Code::kInvalidArgument,
               "column 0: a number expected, got \"x\"");
}

TEST_CASE("random bytes are read or refused, never more") {
  std::mt19937_64 random(7);
  const std::string alphabet = "0123456789.-\",, \n\x80";
  REQUIRE_OK_AND_ASSIGN(const auto parser, CsvParser::Create(CsvOptions(), "1,2,3"));
  Batch batch = EmptyDense();
  uint64_t good = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (uint64_t left = random() % 12; left > 0; --left) {
      text.push_back(alphabet[random() % alphabet.size()]);
    }
    if (parser->Append(text, &batch).ok()) ++good;
    if (batch.size() != good || batch.dense_values.size() != 2 * good) {
      CAPTURE(text);
      FAIL("the batch is torn");
    }
  }
  CHECK(good > 0);
}

}  // namespace
}  // namespace paceline::worker

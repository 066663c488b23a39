#include "worker/core/data/category_parser.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/status_matchers.h"
#include "worker/core/data/category_hash.h"

namespace paceline::worker {
namespace {

using Code = absl::StatusCode;

std::unique_ptr<CategoryParser> Parser(CategoryOptions options, CsvColumns columns) {
  REQUIRE_OK_AND_ASSIGN(std::unique_ptr<CategoryParser> parser,
                        CategoryParser::Create(std::move(options), std::move(columns)));
  return parser;
}

std::unique_ptr<CategoryParser> CsvCategories(CategoryOptions options) {
  CsvOptions csv;
  csv.header = true;
  csv.label = "y";
  csv.categories = {"color", "shape"};
  csv.ignore = {"id"};
  options.delimiter = ',';
  options.quotes = true;
  REQUIRE_OK_AND_ASSIGN(CsvColumns columns, ReadCsvColumns(csv, "id,color,a,y,shape,b"));
  return Parser(std::move(options), std::move(columns));
}

Batch EmptyCsr() {
  Batch batch;
  batch.offsets = {0};
  return batch;
}

std::string CriteoLine(const std::string& label, const std::vector<std::string>& numbers,
                       const std::vector<std::string>& categories) {
  std::vector<std::string> fields(40);
  fields[0] = label;
  std::copy(numbers.begin(), numbers.end(), fields.begin() + 1);
  std::copy(categories.begin(), categories.end(), fields.begin() + 14);
  return absl::StrJoin(fields, "\t");
}

TEST_CASE("hashes never change") {
  CHECK(HashCategory(0, "68fd1e64") == 0xef6349fbc7ff84f0);
  CHECK(HashCategory(25, "68fd1e64") == 0xdf2a28ebd6e7e831);
  CHECK(HashCategory(0, "") == 0xb58af03763f63af9);
  CrossHash cross(26);
  cross.Add(HashCategory(0, "68fd1e64"));
  cross.Add(HashCategory(1, "80e26c9b"));
  CHECK(cross.hash() == 0xa48534fd224e08fb);
}

TEST_CASE("fields and short values do not meet") {
  // XXH3 of short inputs under seeds that are near each other would.
  std::vector<uint64_t> hashes;
  for (uint64_t field = 0; field < 64; ++field) {
    for (char c = 0; c < 127; ++c) hashes.push_back(HashCategory(field, std::string(1, c)));
  }
  std::sort(hashes.begin(), hashes.end());
  CHECK(std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end());
}

TEST_CASE("criteo as csr: numbers, then hashed categories, ascending and distinct") {
  CategoryOptions options;
  options.hash_buckets = 1000;
  options.log_numbers = true;
  const auto parser = Parser(options, CriteoColumns());
  CHECK_FALSE(parser->dense());
  CHECK(parser->fields() == 0);
  CHECK(parser->features() == 1013);
  Batch batch = EmptyCsr();
  REQUIRE_OK(parser->Append(CriteoLine("1", {"1", "-2", "", "0"}, {"aa", "", "aa"}), &batch));
  CHECK(batch.labels == std::vector<float>{1});
  REQUIRE(batch.offsets.size() == 2);
  CHECK(batch.offsets[1] == batch.indices.size());
  REQUIRE(batch.values.size() == batch.indices.size());
  CHECK(std::vector<uint64_t>(batch.indices.begin(), batch.indices.begin() + 3) ==
        std::vector<uint64_t>{0, 1, 3});
  CHECK(batch.values[0] == static_cast<float>(std::log1p(1.0)));
  CHECK(batch.values[1] == static_cast<float>(-std::log1p(2.0)));
  CHECK(batch.values[2] == 0);
  CHECK(std::adjacent_find(batch.indices.begin(), batch.indices.end(),
                           std::greater_equal<uint64_t>()) == batch.indices.end());
  float categories = 0;
  for (size_t k = 3; k < batch.indices.size(); ++k) {
    CHECK(batch.indices[k] >= 13);
    CHECK(batch.indices[k] < 1013);
    categories += batch.values[k];
  }
  CHECK(categories == 26);
  // The same text in another field is another category; an empty one is one, too.
  const auto holds = [&](uint64_t hash) {
    return std::binary_search(batch.indices.begin(), batch.indices.end(), 13 + hash % 1000);
  };
  CHECK(holds(HashCategory(0, "aa")));
  CHECK(holds(HashCategory(1, "")));
  CHECK(holds(HashCategory(2, "aa")));
}

TEST_CASE("keys that fall together add up") {
  CategoryOptions options;
  options.hash_buckets = 1;
  const auto parser = CsvCategories(options);
  Batch batch = EmptyCsr();
  REQUIRE_OK(parser->Append("x,red,1,0,round,2", &batch));
  CHECK(batch.indices == std::vector<uint64_t>{0, 1, 2});
  CHECK(batch.values == std::vector<float>{1, 2, 2});
}

TEST_CASE("criteo by fields: all numbers and all keys") {
  CategoryOptions options;
  options.form = CategoryForm::kFields;
  options.hash_buckets = 500;
  options.crosses = {{"c1", "c3"}, {"c3", "c1"}};
  const auto parser = Parser(options, CriteoColumns());
  CHECK(parser->fields() == 28);
  CHECK(parser->columns() == 13);
  CHECK(parser->features() == 513);
  Batch batch;
  batch.fields = 28;
  REQUIRE_OK(parser->Append(CriteoLine("0", {"7", "", "3"}, {"a", "b", "c"}), &batch));
  REQUIRE_OK(parser->Append(CriteoLine("1", {}, {}), &batch));
  CHECK(batch.labels == std::vector<float>{0, 1});
  REQUIRE(batch.dense_values.size() == 26);
  CHECK(std::vector<float>(batch.dense_values.begin(), batch.dense_values.begin() + 4) ==
        std::vector<float>{7, 0, 3, 0});
  REQUIRE(batch.indices.size() == 56);
  CHECK(batch.indices[0] == HashCategory(0, "a") % 500);
  CHECK(batch.indices[1] == HashCategory(1, "b") % 500);
  CHECK(batch.indices[3] == HashCategory(3, "") % 500);
  CrossHash cross(26);
  cross.Add(HashCategory(0, "a"));
  cross.Add(HashCategory(2, "c"));
  CHECK(batch.indices[26] == cross.hash() % 500);
  CHECK(batch.indices[27] != batch.indices[26]);
  CHECK(batch.offsets.empty());
  CHECK(batch.values.empty());
}

TEST_CASE("csv with categories: numbers first, in the order of their columns") {
  CategoryOptions options;
  options.hash_buckets = uint64_t{1} << 40;
  options.crosses = {{"shape", "1"}};
  options.limits.scale = 2;
  options.limits.classes = 3;
  const auto parser = CsvCategories(options);
  CHECK(parser->features() == (uint64_t{1} << 40) + 2);
  Batch batch = EmptyCsr();
  REQUIRE_OK(parser->Append("17,\"red, dark\", 1.5,2,round,", &batch));
  CHECK(batch.labels == std::vector<float>{2});
  CrossHash cross(2);
  cross.Add(HashCategory(1, "round"));
  cross.Add(HashCategory(0, "red, dark"));
  std::vector<uint64_t> want = {HashCategory(0, "red, dark"), HashCategory(1, "round"),
                                cross.hash()};
  for (uint64_t& hash : want) hash = 2 + hash % (uint64_t{1} << 40);
  std::sort(want.begin(), want.end());
  want.insert(want.begin(), 0);
  CHECK(batch.indices == want);
  CHECK(batch.values == std::vector<float>{3, 1, 1, 1});
}

TEST_CASE("what does not fit is refused") {
  CategoryOptions options;
  options.crosses = {{"c1"}};
  CHECK_STATUS(CategoryParser::Create(options, CriteoColumns()), Code::kInvalidArgument,
               "cross: two columns or more expected");
  options.crosses = {{"c1", "i1"}};
  CHECK_STATUS(CategoryParser::Create(options, CriteoColumns()), Code::kInvalidArgument,
               "cross \"i1\": a column of categories expected");
  options.crosses = {{"c1", "c27"}};
  CHECK_STATUS(CategoryParser::Create(options, CriteoColumns()), Code::kInvalidArgument,
               "cross \"c27\": no such column");
  options.crosses = {};
  options.limits.features = 100;
  CHECK_STATUS(
      CategoryParser::Create(options, CriteoColumns()), Code::kInvalidArgument,
      "13 columns of numbers and 1048576 hash buckets make 1048589 features; 100 expected");
  options.limits.features = 1048589;
  CHECK_OK(CategoryParser::Create(options, CriteoColumns()));
}

TEST_CASE("bad records name the column and leave the batch as it was") {
  for (const CategoryForm form : {CategoryForm::kCsr, CategoryForm::kFields}) {
    CategoryOptions options;
    options.form = form;
    options.limits.classes = 2;
    options.limits.scale = 4;
    const auto parser = Parser(options, CriteoColumns());
    Batch batch;
    if (form == CategoryForm::kCsr) batch.offsets = {0};
    REQUIRE_OK(parser->Append(CriteoLine("1", {"1"}, {"a"}), &batch));
    const Batch before = batch;
    const std::pair<std::string, std::string> cases[] = {
        {CriteoLine("1", {"1", "x"}, {}), "column 2 (\"i2\"): a number expected, got \"x\""},
        {CriteoLine("1", {"1", "nan"}, {}), "column 2 (\"i2\"): a finite float32 number expected"},
        {CriteoLine("1", {"1", "2e38"}, {}), "column 2 (\"i2\"): not finite after scaling by 4"},
        {CriteoLine("", {"1"}, {}), "column 0 (\"label\"): a number expected, got an empty field"},
        {CriteoLine("2", {"1"}, {}), "label 2: 0 or 1 expected"},
        {"1\t2", "40 fields separated by \"\\t\" expected, got 2"},
        {CriteoLine("1", {"1"}, {"a"}) + "\t", "40 fields separated by \"\\t\" expected, got 41"},
    };
    for (const auto& [text, reason] : cases) {
      CAPTURE(text);
      CHECK_STATUS(parser->Append(text, &batch), Code::kInvalidArgument, reason);
      CHECK(batch.labels == before.labels);
      CHECK(batch.offsets == before.offsets);
      CHECK(batch.indices == before.indices);
      CHECK(batch.values == before.values);
      CHECK(batch.dense_values == before.dense_values);
    }
  }
}

TEST_CASE("a quote is a character in criteo's lines") {
  const auto parser = Parser(CategoryOptions(), CriteoColumns());
  Batch batch = EmptyCsr();
  CHECK_OK(parser->Append(CriteoLine("1", {}, {"\"a", "b\""}), &batch));
}

TEST_CASE("random bytes are read or refused, never more") {
  std::mt19937_64 random(7);
  const std::string alphabet = "0123456789.-\",, \n\x80";
  CategoryOptions options;
  options.hash_buckets = 3;
  options.crosses = {{"color", "shape"}};
  const auto parser = CsvCategories(options);
  Batch batch = EmptyCsr();
  uint64_t good = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (uint64_t left = random() % 16; left > 0; --left) {
      text.push_back(alphabet[random() % alphabet.size()]);
    }
    if (parser->Append(text, &batch).ok()) ++good;
    if (batch.size() != good || batch.offsets.size() != good + 1 ||
        batch.offsets.back() != batch.indices.size() ||
        batch.indices.size() != batch.values.size()) {
      CAPTURE(text);
      FAIL("the batch is torn");
    }
  }
  CHECK(good > 0);
}

}  // namespace
}  // namespace paceline::worker

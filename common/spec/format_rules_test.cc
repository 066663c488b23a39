// Which words of a job go with which data format.
#include <catch2/catch.hpp>
#include <string>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

v1::JobSpec Job(const std::string& data, const std::string& model = "logistic") {
  const std::string yaml =
      "name: a\nmodel: {kind: " + model + "}\ndata: {" + data + "}\ntrain: {epochs: 1}\n";
  INFO(yaml);
  const ParsedSpec parsed = ParseSpec(yaml, SpecFormat::kYaml);
  REQUIRE(ToStatus(parsed.problems).message() == "");
  return parsed.spec;
}

std::string Problems(const v1::JobSpec& spec) {
  const std::vector<Problem> problems = Validate(spec);
  CHECK(ToStatus(problems) == ToStatus(Validate(WithDefaults(spec))));
  return std::string(ToStatus(problems).message());
}

constexpr char kCriteo[] = "train: {path: /d, format: criteo}";
constexpr char kAvazu[] =
    "train: {path: /d, format: csv, header: true, label: click, ignore: [id], "
    "categories: [site, app]}";
constexpr char kRatings[] = "train: {path: /d, format: ratings}";

TEST_CASE("jobs with categories and ratings are valid") {
  CHECK(Problems(Job(kCriteo)) == "");
  CHECK(Problems(Job(std::string(kCriteo) + ", hash_buckets: 1000, log_numbers: false, "
                                            "crosses: [{columns: [c1, c26]}, {columns: [14, c2, "
                                            "39]}]")) == "");
  CHECK(Problems(Job(std::string(kAvazu) + ", eval: {path: /e, format: csv, header: true, label: "
                                           "click, ignore: [id], categories: [site, app]}, "
                                           "crosses: [{columns: [site, app]}]")) == "");
  CHECK(Problems(Job("train: {path: /d, format: csv, ignore: [0], categories: [1, -2]}")) == "");
  CHECK(Problems(Job(kRatings, "mf")) == "");
}

TEST_CASE("defaults of categories") {
  const v1::DataSpec criteo = WithDefaults(Job(kCriteo)).data();
  CHECK(criteo.hash_buckets() == 1 << 20);
  CHECK(criteo.log_numbers());
  const v1::DataSpec avazu = WithDefaults(Job(kAvazu)).data();
  CHECK(avazu.hash_buckets() == 1 << 20);
  CHECK(avazu.has_log_numbers());
  CHECK_FALSE(avazu.log_numbers());
  const v1::DataSpec ratings = WithDefaults(Job(kRatings, "mf")).data();
  CHECK(ratings.train().delimiter() == ",");
  CHECK(ratings.hash_buckets() == 0);
  CHECK_FALSE(ratings.has_log_numbers());
}

TEST_CASE("each rule names the field and what is allowed") {
  struct Case {
    std::string data;
    std::string problem;
    std::string model = "logistic";
  };
  const std::string criteo = kCriteo;
  const std::string libsvm = "train: {path: /d, format: libsvm}";
  const std::string categories = "allowed only with format criteo, or csv with categories";
  const Case cases[] = {
      {"train: {path: /d, format: criteo, header: true}",
       "data.train.header: allowed only with format csv or ratings"},
      {"train: {path: /d, format: criteo, delimiter: ','}",
       "data.train.delimiter: allowed only with format csv or ratings"},
      {"train: {path: /d, format: criteo, label: '0'}",
       "data.train.label: allowed only with format csv"},
      {"train: {path: /d, format: criteo, categories: [c1]}",
       "data.train.categories: allowed only with format csv"},
      {"train: {path: /d, format: ratings, ignore: ['3']}",
       "data.train.ignore: allowed only with format csv", "mf"},
      {"train: {path: /d, format: csv, categories: [site]}",
       "data.train.categories[0]: a column index (a name needs `header: true`) expected, got site"},
      {"train: {path: /d, format: csv, ignore: ['0', id]}",
       "data.train.ignore[1]: a column index (a name needs `header: true`) expected, got id"},
      {"train: {path: /d, format: csv, header: true, ignore: ['']}",
       "data.train.ignore[0]: a column expected, got none"},
      {libsvm + ", hash_buckets: 5", "data.hash_buckets: " + categories},
      {libsvm + ", crosses: [{columns: [a, b]}]", "data.crosses: " + categories},
      {libsvm + ", log_numbers: true", "data.log_numbers: " + categories},
      {criteo + ", hash_buckets: 1099511627777",
       "data.hash_buckets: a whole number from 1 to 1099511627776 expected, got 1099511627777"},
      {criteo + ", features: 7", "data.features: allowed only with a format without categories"},
      {criteo + ", crosses: [{columns: [c1]}]",
       "data.crosses[0].columns: 2 to 16 columns expected, got 1"},
      {criteo + ", crosses: [{columns: [c1, c2]}, {columns: [c1, i1]}]",
       "data.crosses[1].columns[1]: c1 to c26 or a column from 14 to 39 expected, got i1"},
      {criteo + ", crosses: [{columns: [c27, '13']}]",
       "data.crosses[0].columns[0]: c1 to c26 or a column from 14 to 39 expected, got c27"},
      {criteo + ", crosses: [{columns: [c1, c1]}]",
       "data.crosses[0].columns[0]: columns that differ expected, got c1"},
      {criteo + ", eval: {path: /e, format: libsvm}",
       "data.eval: one of data.train and data.eval has categories, the other none"},
      {std::string(kRatings) + ", scale: 2",
       "data.scale: allowed only with a format other than ratings", "mf"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.data, c.model);
    const std::string problems = Problems(Job(c.data, c.model));
    CAPTURE(problems);
    CHECK(problems.find(c.problem) != std::string::npos);
  }
  std::string many = "crosses: [";
  for (int i = 0; i < 257; ++i) many += "{columns: [c1, c2]},";
  CHECK(Problems(Job(criteo + ", " + many + "]")) ==
        "data.crosses: at most 256 crosses expected, got 257");
}

TEST_CASE("dense tables over more hash buckets than memory are refused") {
  CHECK(Problems(Job(std::string(kCriteo) + ", hash_buckets: 1099511627776")) ==
        "model: tables of at most 1 TiB in all expected, got 4 TiB");
}

}  // namespace
}  // namespace paceline

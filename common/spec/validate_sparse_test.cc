// The rules of model.sparse.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"
#include "common/spec/problem.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

// A job whose model has `fields` beside its kind.
std::string Problems(const std::string& fields) {
  const std::string yaml = "name: a\nmodel: {kind: fm, " + fields +
                           "}\ndata: {train: {path: /d, format: libsvm}}\ntrain: {epochs: 1}\n";
  INFO(yaml);
  const ParsedSpec parsed = ParseSpec(yaml, SpecFormat::kYaml);
  REQUIRE(ToStatus(parsed.problems).message() == "");
  const std::vector<Problem> problems = Validate(parsed.spec);
  CHECK(ToStatus(problems) == ToStatus(Validate(WithDefaults(parsed.spec))));
  return std::string(ToStatus(problems).message());
}

TEST_CASE("limits that can be") {
  for (const char* fields :
       {"sparse: {}", "sparse: {admit_after: 255}", "sparse: {evict_after_iterations: 1}",
        "sparse: {memory: 16}", "sparse: {memory: 16, on_full: evict}",
        "sparse: {memory: 16, on_full: evict, tables: [{table: fm/weight, memory: 0}]}",
        "sparse: {tables: [{table: fm/weight, memory: 64, on_full: evict}]}",
        "sparse: {on_full: evict, tables: [{table: fm/weight, memory: 64}]}",
        "sparse: {tables: [{table: fm/weight, admit_after: 2}, {table: fm/factors}]}"}) {
    CHECK(Problems(fields) == "");
  }
}

TEST_CASE("limits that cannot be are named with what is allowed") {
  struct Case {
    std::string fields;
    std::string problem;
  };
  const std::vector<Case> cases = {
      {"sparse: {admit_after: 256}", "model.sparse.admit_after"},
      {"sparse: {evict_after_iterations: 2147483649}", "model.sparse.evict_after_iterations"},
      {"sparse: {memory: 15}", "model.sparse.memory: 0 or at least 16 MiB expected, got 15"},
      {"sparse: {tables: [{table: fm/weight, memory: 1}]}",
       "model.sparse.tables[0].memory: 0 or at least 16 MiB expected, got 1"},
      {"sparse: {on_full: evict}", "model.sparse.on_full: allowed only with a limit of memory"},
      {"sparse: {tables: [{table: fm/weight, on_full: evict}]}",
       "model.sparse.tables[0].on_full: allowed only with a limit of memory"},
      {"sparse: {tables: [{admit_after: 2}]}",
       "model.sparse.tables[0].table: the name of a table expected, got none"},
      {"sparse: {tables: [{table: fm/weight}, {table: fm/weight}]}",
       "model.sparse.tables[1].table: fm/weight is given twice"},
      {"sparse: {tables: [{table: fm/bias}]}",
       "model.sparse.tables[0].table: one of fm/factors, fm/weight expected, got fm/bias"},
      {"table: dense, sparse: {admit_after: 2}",
       "model.sparse: allowed only with sparse tables (model.table: sparse)"},
  };
  for (const Case& c : cases) {
    INFO(c.fields);
    CHECK_THAT(Problems(c.fields), Catch::Contains(c.problem));
  }
}

}  // namespace
}  // namespace paceline

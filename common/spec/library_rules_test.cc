// What a job whose model is a library says, what is filled in, and what it must not say.
#include <catch2/catch.hpp>
#include <string>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"
#include "common/spec/problem.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

constexpr char kLibrary[] = R"(
name: a
model:
  kind: library
  library:
    file: poisson.so
    tables: [{name: weight, dim: 1}, {name: bias, rows: 1, dim: 1}]
    options: [{name: exposure, value: "2"}]
data: {train: {path: /d, format: libsvm}}
train: {epochs: 1}
)";
constexpr char kLogistic[] = R"(
name: a
model: {kind: logistic}
data: {train: {path: /d, format: libsvm}}
train: {epochs: 1}
)";

v1::JobSpec Parse(const std::string& yaml) {
  const ParsedSpec parsed = ParseSpec(yaml, SpecFormat::kYaml);
  INFO(yaml);
  REQUIRE(ToStatus(parsed.problems).message() == "");
  return parsed.spec;
}

// Of `base` with the fields of `patch` merged in: its lists come behind those that are there.
std::string Problems(const char* base, const std::string& patch) {
  v1::JobSpec spec = Parse(base);
  spec.MergeFrom(Parse(patch));
  CHECK(ToStatus(Validate(spec)) == ToStatus(Validate(WithDefaults(spec))));
  return std::string(ToStatus(Validate(spec)).message());
}

TEST_CASE("sparse tables of a library may have an update rule of their own") {
  constexpr char kRule[] = "train: {sparse_optimizer: {kind: adagrad}}";
  CHECK(Problems(kLibrary, kRule) ==
        "train.sparse_optimizer: allowed only with a table of kind sparse in model.library");
  v1::JobSpec spec = Parse(kLibrary);
  spec.mutable_model()->mutable_library()->mutable_tables(0)->set_kind(v1::TABLE_KIND_SPARSE);
  spec.MergeFrom(Parse(kRule));
  CHECK(ToStatus(Validate(spec)).message() == "");
}

TEST_CASE("tables of a library are dense and start as the model says") {
  v1::JobSpec given = Parse(kLibrary);
  given.mutable_model()->mutable_initializer()->set_kind(v1::INITIALIZER_KIND_HE);
  const v1::JobSpec spec = WithDefaults(given);
  CHECK(spec.model().table() == v1::TABLE_KIND_UNSPECIFIED);
  for (const v1::LibraryTableSpec& table : spec.model().library().tables()) {
    CHECK(table.kind() == v1::TABLE_KIND_DENSE);
    CHECK(table.initializer().kind() == v1::INITIALIZER_KIND_HE);
  }
  CHECK(spec.model().library().tables(0).rows() == 0);
  CHECK(WithDefaults(spec).SerializeAsString() == spec.SerializeAsString());
  CHECK(WithDefaults(Parse(kLibrary)).model().library().tables(1).initializer().kind() ==
        v1::INITIALIZER_KIND_ZEROS);
}

TEST_CASE("each rule of libraries names the field and what is allowed") {
  const std::string file =
      "model.library.file: the name of a file in the workers' --model-dir, 1 to 255 of "
      "[A-Za-z0-9._+-] that begin with no dot expected, got ";
  const std::string name =
      ".name: 1 to 63 of [a-z0-9._/-], parts between slashes beginning with a letter or digit, "
      "not ending in .keys or .rows expected, got ";
  struct Case {
    const char* base;
    const char* patch;
    std::string problem;
  };
  const Case cases[] = {
      {kLibrary, "name: b", ""},
      {kLibrary, "model: {library: {tables: [{name: e, kind: sparse, dim: 8}]}}", ""},
      {kLibrary, "data: {classes: 3, train: {format: ratings}}", ""},
      {kLibrary, "resources: {device: cpu}\nconsistency: {policy: asp}", ""},
      {kLogistic, "model: {library: {file: a.so}}",
       "model.library: allowed only with model.kind library"},
      {kLogistic, "model: {kind: library}",
       file + "none\nmodel.library.tables: a list of 1 to 256 tables expected, got none"},
      {kLibrary, "model: {library: {file: ../a.so}}", file + "../a.so"},
      {kLibrary, "model: {library: {file: /a.so}}", file + "/a.so"},
      {kLibrary, "model: {library: {file: .so}}", file + ".so"},
      {kLibrary, "model: {library: {tables: [{name: Weight, dim: 1}]}}",
       "model.library.tables[2]" + name + "Weight"},
      {kLibrary, "model: {library: {tables: [{name: e.rows, dim: 1}]}}",
       "model.library.tables[2]" + name + "e.rows"},
      {kLibrary, "model: {library: {tables: [{name: bias, dim: 1}]}}",
       "model.library.tables[2].name: a name that no other table has expected, got bias"},
      {kLibrary, "model: {library: {tables: [{name: e, kind: sparse, rows: 4, dim: 8}]}}",
       "model.library.tables[2].rows: allowed only with kind dense"},
      {kLibrary, "model: {library: {tables: [{name: e, initializer: {kind: normal, scale: -1}}]}}",
       "model.library.tables[2].initializer.scale: a number of at least 0 expected, got -1"},
      {kLibrary, "model: {library: {tables: [{name: e, rows: 1099511627776, dim: 1048576}]}}",
       "model.library.tables: tables of at most 1 TiB in all expected, got 4.194e+06 TiB"},
      {kLibrary, "model: {library: {options: [{value: x}]}}",
       "model.library.options[1].name: 1 to 63 of [A-Za-z0-9._+-] expected, got none"},
      {kLibrary, "model: {library: {options: [{name: exposure}]}}",
       "model.library.options[1].name: a name that no other option has expected, got exposure"},
      {kLibrary, "model: {library: {options: [{name: a, value: \"b\\0c\"}]}}",
       "model.library.options[1].value: at most 4096 bytes, none of them 0 expected, got 3 bytes"},
      {kLibrary, "model: {table: sparse}",
       "model.table: each table of model.library.tables has a kind of its own; none expected"},
      {kLibrary, "resources: {device: emulated}",
       "resources.device: auto or cpu (model.kind library) expected, got emulated"},
      {kLibrary, "resources: {device: cuda}",
       "resources.device: auto or cpu (model.kind library) expected, got cuda"},
      {kLibrary, "model: {clusters: 4}", "model.clusters: allowed only with model.kind kmeans"},
      {kLibrary, "train: {optimizer: {kind: add}}",
       "train.optimizer.kind: an optimizer that descends (add is for counting) expected, got add"},
  };
  for (const Case& c : cases) {
    INFO(c.patch);
    CHECK(Problems(c.base, c.patch) == c.problem);
  }
  v1::JobSpec dataless = Parse(kLibrary);
  dataless.clear_data();
  CHECK(ToStatus(Validate(dataless)).message() ==
        "data.train: the data to train on expected, got none");
  v1::JobSpec many = Parse(kLibrary);
  for (int i = 0; i < 255; ++i) {
    many.mutable_model()->mutable_library()->add_tables()->set_name("t" + std::to_string(i));
  }
  CHECK(ToStatus(Validate(many)).message() ==
        "model.library.tables: a list of 1 to 256 tables expected, got 257");
}

}  // namespace
}  // namespace paceline

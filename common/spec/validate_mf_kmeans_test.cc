// The rules of two kinds of model: mf and kmeans.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"
#include "common/spec/problem.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

constexpr char kMf[] = R"(
name: a
model: {kind: mf}
data: {train: {path: /d, format: ratings}}
train: {epochs: 1}
)";
constexpr char kKMeans[] = R"(
name: a
model: {kind: kmeans, clusters: 5}
data: {train: {path: /d, format: csv}}
train: {epochs: 1}
)";
constexpr char kLinear[] = R"(
name: a
model: {kind: linear}
data: {train: {path: /d, format: csv}}
train: {epochs: 1}
)";

v1::JobSpec Parse(const std::string& yaml) {
  const ParsedSpec parsed = ParseSpec(yaml, SpecFormat::kYaml);
  INFO(yaml);
  REQUIRE(ToStatus(parsed.problems).message() == "");
  return parsed.spec;
}

// Of `base` with the fields of `patch` merged in.
std::string Problems(const char* base, const std::string& patch) {
  v1::JobSpec spec = Parse(base);
  spec.MergeFrom(Parse(patch));
  const std::vector<Problem> problems = Validate(spec);
  CHECK(ToStatus(problems) == ToStatus(Validate(WithDefaults(spec))));
  return std::string(ToStatus(problems).message());
}

TEST_CASE("each rule of mf and kmeans names the field and what is allowed") {
  struct Case {
    const char* base;
    const char* patch;
    const char* problem;
  };
  const Case cases[] = {
      {kMf, "name: b", ""},
      {kMf, "model: {table: dense}", ""},
      {kMf, "data: {eval: {path: /e, format: ratings}}", ""},
      {kMf, "train: {optimizer: {kind: adagrad, l2: 0.1}}\nconsistency: {policy: asp}", ""},
      {kMf, "model: {factors: 1025}",
       "model.factors: a whole number from 1 to 1024 expected, got 1025"},
      {kMf, "model: {loss: squared}", "model.loss: allowed only with model.kind fm"},
      {kMf, "data: {classes: 3}",
       "data.classes: allowed only with model.kind softmax, mlp, cnn or library"},
      {kMf, "data: {train: {format: libsvm}, eval: {path: /e, format: idx, labels: /l}}",
       "data.train.format: ratings (model.kind mf) expected, got libsvm\n"
       "data.eval.format: ratings (model.kind mf) expected, got idx"},
      {kLinear, "data: {train: {format: ratings}}",
       "data.train.format ratings: allowed only with model.kind mf or library"},
      {kMf, "model: {table: dense}\ndata: {features: 1099511627776}",
       "model: tables of at most 1 TiB in all expected, got 72 TiB"},
      {kMf, "resources: {device: cuda}", ""},
      {kKMeans, "name: b", ""},
      {kKMeans, "train: {optimizer: {kind: sum}}", ""},
      {kKMeans, "compression: {pull: delta}", ""},
      {kKMeans, "consistency: {policy: asp}", ""},
      {kKMeans, "resources: {device: cuda}", ""},
      {kKMeans, "model: {clusters: 1}",
       "model.clusters: a whole number from 2 to 65536 expected, got 1"},
      {kKMeans, "model: {clusters: 65537}",
       "model.clusters: a whole number from 2 to 65536 expected, got 65537"},
      {kLinear, "model: {clusters: 4}", "model.clusters: allowed only with model.kind kmeans"},
      {kKMeans, "model: {table: sparse}",
       "model.table: dense (model.kind kmeans) expected, got sparse"},
      {kKMeans, "model: {initializer: {kind: normal, scale: 1}}",
       "model.initializer.kind: zeros (model.kind kmeans) expected, got normal"},
      {kKMeans, "data: {features: 1099511627776}",
       "model: tables of at most 1 TiB in all expected, got 20 TiB"},
      {kKMeans, "data: {classes: 3}",
       "data.classes: allowed only with model.kind softmax, mlp, cnn or library"},
      {kKMeans, "train: {optimizer: {kind: add}}",
       "train.optimizer.kind: sum (model.kind kmeans) expected, got add"},
      {kKMeans, "train: {optimizer: {learning_rate: 1, clip_norm: 1}}",
       "train.optimizer.learning_rate: allowed only with an optimizer other than add and sum\n"
       "train.optimizer.clip_norm: allowed only with an optimizer other than add and sum"},
      {kKMeans, "train: {optimizer: {rho: 0.5}}",
       "train.optimizer.rho: allowed only with optimizer kind rmsprop"},
      {kLinear, "train: {optimizer: {kind: sum}}",
       "train.optimizer.kind: an optimizer that descends (sum is for kmeans) expected, got sum"},
      {kKMeans, "compression: {push: bf16}",
       "compression: allowed only with a model whose values may be rounded, which those of "
       "kmeans may not"},
  };
  for (const Case& c : cases) {
    INFO(c.patch);
    CHECK(Problems(c.base, c.patch) == c.problem);
  }
}

TEST_CASE("kmeans is told how many clusters to find; counting does not sum") {
  CHECK(Problems(kLinear, "model: {kind: kmeans}") ==
        "model.clusters: a number of clusters from 2 to 65536 expected, got none");
  CHECK(Problems("name: a\nmodel: {kind: counting}\ntrain: {iterations: 1}",
                 "train: {optimizer: {kind: sum}}") ==
        "train.optimizer.kind: add (model.kind counting) expected, got sum");
}

}  // namespace
}  // namespace paceline

// What a job of a click model says, what is filled in, and what it must not say; and the
// optimizer of sparse tables.
#include <catch2/catch.hpp>
#include <string>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"
#include "common/spec/problem.h"
#include "common/spec/validate.h"

namespace paceline {
namespace {

constexpr char kDeepFm[] = R"(
name: a
model: {kind: deepfm, hidden: [32]}
data: {train: {path: /d, format: criteo}}
train: {epochs: 1}
)";
constexpr char kWideDeep[] = R"(
name: a
model: {kind: wide_deep, hidden: [32]}
data: {train: {path: /d, format: csv, header: true, categories: [a, b]}}
train: {epochs: 1}
)";
constexpr char kDcn[] = R"(
name: a
model: {kind: dcn, hidden: [32]}
data: {train: {path: /d, format: criteo}}
train: {epochs: 1}
)";
constexpr char kLogistic[] = R"(
name: a
model: {kind: logistic}
data: {train: {path: /d, format: libsvm}}
train: {epochs: 1}
)";
constexpr char kCounting[] = R"(
name: a
model: {kind: counting, table: sparse}
train: {iterations: 1}
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
  CHECK(ToStatus(Validate(spec)) == ToStatus(Validate(WithDefaults(spec))));
  return std::string(ToStatus(Validate(spec)).message());
}

TEST_CASE("what is filled in") {
  for (const char* base : {kDeepFm, kWideDeep, kDcn}) {
    const v1::JobSpec spec = WithDefaults(Parse(base));
    const v1::ModelSpec& model = spec.model();
    CHECK(model.table() == v1::TABLE_KIND_SPARSE);
    CHECK(model.activation() == v1::ACTIVATION_RELU);
    CHECK(model.factors() == 8);
    CHECK(model.initializer().kind() == v1::INITIALIZER_KIND_NORMAL);
    CHECK(model.initializer().scale() == 0.01F);
    CHECK(model.cross_layers() == (base == kDcn ? 3 : 0));
    CHECK(spec.data().hash_buckets() == 1 << 20);
    CHECK_FALSE(spec.train().has_sparse_optimizer());
    CHECK(WithDefaults(spec).SerializeAsString() == spec.SerializeAsString());
  }
  v1::JobSpec spec = Parse(kDeepFm);
  spec.mutable_train()->mutable_sparse_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAGRAD);
  const v1::OptimizerSpec sparse = WithDefaults(spec).train().sparse_optimizer();
  CHECK(sparse.learning_rate() == 0.01);
  CHECK(sparse.epsilon() == 1e-10);
  CHECK(sparse.schedule().kind() == v1::SCHEDULE_KIND_CONSTANT);
}

TEST_CASE("what may be") {
  for (const char* patch :
       {"name: a", "model: {factors: 16, hidden: [8, 8], activation: gelu, table: dense}",
        "model: {initializer: {kind: normal, scale: 0.1}}",
        "data: {crosses: [{columns: [c1, c2]}], log_numbers: false}", "resources: {device: auto}",
        "train: {optimizer: {kind: adam}, sparse_optimizer: {kind: ftrl, l1: 1, l2: 1}}",
        "train: {optimizer: {kind: adam, clip_norm: 1}, sparse_optimizer: {kind: adagrad}}",
        "compression: {tables: [{table: deepfm/factors, push: bf16}]}"}) {
    INFO(patch);
    CHECK(Problems(kDeepFm, patch) == "");
  }
  CHECK(Problems(kDcn, "model: {cross_layers: 16}") == "");
  CHECK(Problems(kWideDeep, "data: {crosses: [{columns: [a, b]}]}") == "");
  // Whether a csv file has columns of numbers is not known yet.
  CHECK(Problems(kWideDeep, "compression: {tables: [{table: wide_deep/numbers, push: bf16}]}") ==
        "");
}

TEST_CASE("what must not be is named") {
  const struct {
    const char* base;
    std::string patch;
    std::string problem;
  } cases[] = {
      {kDeepFm, "data: {train: {format: libsvm}}",
       "data.train.format: criteo, or csv with categories (model.kind deepfm) expected, got "
       "libsvm"},
      {kDcn, "data: {train: {format: csv}}",
       "data.train.format: criteo, or csv with categories (model.kind dcn) expected, got csv "
       "without categories"},
      {kDeepFm, "data: {eval: {path: /e, format: idx, labels: /l}}",
       "data.eval: one of data.train and data.eval has categories, the other none"},
      {kDeepFm, "model: {cross_layers: 2}", "model.cross_layers: allowed only with model.kind dcn"},
      {kLogistic, "model: {cross_layers: 2}",
       "model.cross_layers: allowed only with model.kind dcn"},
      {kDcn, "model: {cross_layers: 17}",
       "model.cross_layers: a whole number from 1 to 16 expected, got 17"},
      {kDeepFm, "model: {loss: squared}", "model.loss: allowed only with model.kind fm"},
      {kDeepFm, "data: {classes: 2}",
       "data.classes: allowed only with model.kind softmax, mlp, cnn or library"},
      {kDeepFm, "model: {table: dense}\ndata: {hash_buckets: 1099511627776}",
       "model: tables of at most 1 TiB in all expected, got 36 TiB"},
      {kDeepFm, "resources: {device: cuda}", ""},
      {kDcn, "resources: {device: cuda}\ntrain: {precision: bf16, deterministic: false}", ""},
      {kDeepFm, "compression: {tables: [{table: deepfm/bias, push: bf16}]}",
       "compression.tables[0].table: one of deepfm/factors, deepfm/numbers, deepfm/weight, "
       "layer0/bias, layer0/weight, layer1/bias, layer1/weight expected, got deepfm/bias"},
      {kLogistic, "train: {sparse_optimizer: {kind: ftrl}}",
       "train.sparse_optimizer: allowed only with model.table sparse"},
      {kDeepFm, "train: {sparse_optimizer: {kind: adagrad, momentum: 0.5}}",
       "train.sparse_optimizer.momentum: allowed only with optimizer kind momentum"},
      {kDeepFm, "train: {sparse_optimizer: {kind: sgd, schedule: {kind: step}}}",
       "train.sparse_optimizer.schedule.step_iterations: a number of iterations (schedule kind "
       "step) expected, got none"},
      {kDeepFm, "train: {sparse_optimizer: {kind: add}}",
       "train.sparse_optimizer.kind: an optimizer that descends (add is for counting) expected, "
       "got add"},
      {kDeepFm, "train: {sparse_optimizer: {kind: ftrl, clip_norm: 1}}",
       "train.sparse_optimizer.clip_norm: allowed only with train.optimizer, where it is for all "
       "tables"},
      {kDeepFm, "train: {sparse_optimizer: {kind: ftrl, learning_rate: 0}}",
       "train.sparse_optimizer.learning_rate: a number greater than 0 and at most 1000000 "
       "expected, got 0"},
      {kCounting, "train: {sparse_optimizer: {kind: ftrl}}",
       "train.sparse_optimizer.kind: add (model.kind counting) expected, got ftrl"},
  };
  for (const auto& c : cases) {
    INFO(c.patch);
    CHECK(Problems(c.base, c.patch) == c.problem);
  }
  CHECK(Problems(kDeepFm, "name: a").empty());
  v1::JobSpec shallow = Parse(kDeepFm);
  shallow.mutable_model()->clear_hidden();
  CHECK(ToStatus(Validate(shallow)).message() ==
        "model.hidden: a list of 1 to 64 layer sizes expected, got none");
}

}  // namespace
}  // namespace paceline

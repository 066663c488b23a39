// Click models against float64: losses, scores and every value of every gradient.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/ctr/ctr_reference.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

using testing::CtrReference;
using testing::Values;

constexpr uint64_t kBuckets = 7;

struct Case {
  uint32_t categories;
  uint32_t crosses;
  uint64_t numbers;
  uint32_t factors;
  std::vector<uint32_t> hidden;
  uint32_t cross_layers;
};

const Case kCases[] = {
    {3, 0, 2, 4, {5}, 1},
    {2, 2, 3, 3, {4, 3}, 2},
    {1, 0, 0, 1, {1}, 3},
    {4, 1, 0, 2, {3, 1, 2}, 1},
};

v1::JobSpec SpecOf(v1::ModelKind kind, const Case& c, v1::TableKind table,
                   v1::Activation activation) {
  v1::JobSpec spec;
  v1::ModelSpec* const model = spec.mutable_model();
  model->set_kind(kind);
  model->set_table(table);
  model->set_activation(activation);
  model->set_factors(c.factors);
  for (const uint32_t units : c.hidden) model->add_hidden(units);
  if (kind == v1::MODEL_KIND_DCN) model->set_cross_layers(c.cross_layers);
  v1::DataSpec* const data = spec.mutable_data();
  data->set_hash_buckets(kBuckets);
  data->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
  for (uint32_t i = 0; i < c.categories; ++i) {
    data->mutable_train()->add_categories(std::to_string(i));
  }
  for (uint32_t i = 0; i < c.crosses; ++i) {
    data->add_crosses()->add_columns("0");
  }
  return WithDefaults(spec);
}

Batch RandomBatch(const Case& c, uint64_t n, std::mt19937* random) {
  Batch batch;
  batch.fields = c.categories + c.crosses;
  batch.features = c.numbers;
  batch.nominal = n;
  std::uniform_real_distribution<float> number(-1, 1);
  for (uint64_t i = 0; i < n; ++i) {
    batch.labels.push_back(static_cast<float>((*random)() % 2));
    for (uint32_t field = 0; field < batch.fields; ++field) {
      batch.indices.push_back((*random)() % kBuckets);
    }
    for (uint64_t j = 0; j < c.numbers; ++j) batch.dense_values.push_back(number(*random));
  }
  return batch;
}

Parameters RandomParameters(const Model& model, const Batch& batch, std::mt19937* random) {
  std::vector<std::vector<uint64_t>> keys;
  model.Keys(batch, &keys);
  Parameters parameters(keys.size());
  std::uniform_real_distribution<float> value(-0.7f, 0.7f);
  for (size_t t = 0; t < keys.size(); ++t) {
    const v1::TableSpec& table = model.tables()[t];
    const bool sparse = table.kind() == v1::TABLE_KIND_SPARSE;
    parameters[t].keys = keys[t];
    parameters[t].rows.resize((sparse ? keys[t].size() : table.rows()) * table.dim());
    for (float& one : parameters[t].rows) one = value(*random);
  }
  return parameters;
}

void CheckGradient(v1::ModelKind kind, const Case& c, v1::TableKind table,
                   v1::Activation activation, uint64_t n) {
  INFO(v1::ModelKind_Name(kind) << " categories " << c.categories << " numbers " << c.numbers << " "
                                << v1::TableKind_Name(table) << " "
                                << v1::Activation_Name(activation) << " n " << n);
  const v1::JobSpec spec = SpecOf(kind, c, table, activation);
  const uint64_t features = kBuckets + c.numbers;
  REQUIRE_OK_AND_ASSIGN(const auto model, CreateModel(spec, features, 2));
  REQUIRE_OK_AND_ASSIGN(const auto runner, CreateCpuRunner(spec, *model, features, 2));
  std::mt19937 random(static_cast<uint32_t>(17 * n + c.factors));
  const Batch batch = RandomBatch(c, n, &random);
  const Parameters parameters = RandomParameters(*model, batch, &random);
  const bool wide = kind == v1::MODEL_KIND_WIDE_DEEP;
  const CtrReference reference(spec.model(), wide ? c.categories : c.categories + c.crosses,
                               model->tables(), batch, parameters);

  const float scale = 0.25f;
  Gradients gradients;
  LossSum loss;
  std::vector<int> order;
  REQUIRE_OK(runner->Gradient(batch, parameters, scale, &gradients, &loss,
                              [&](int t) { order.push_back(t); }));
  CHECK(loss.count == n);
  CHECK(loss.sum == Approx(reference.Loss(reference.values())).epsilon(1e-5).margin(1e-5));
  const Values wanted = reference.NumericalGradient();
  REQUIRE(gradients.size() == wanted.size());
  for (size_t t = 0; t < wanted.size(); ++t) {
    INFO(model->tables()[t].name());
    CHECK(gradients[t].keys == parameters[t].keys);
    REQUIRE(gradients[t].rows.size() == wanted[t].size());
    double worst = 0;
    for (size_t i = 0; i < wanted[t].size(); ++i) {
      const double want = scale * wanted[t][i];
      worst = std::max(worst, std::abs(gradients[t].rows[i] - want) / (1 + std::abs(want)));
    }
    CHECK(worst < 2e-5);
  }
  // Each once, the vectors last.
  CHECK(model->tables()[order.back()].name().find("/factors") != std::string::npos);
  std::sort(order.begin(), order.end());
  REQUIRE(order.size() == wanted.size());
  for (size_t t = 0; t < order.size(); ++t) CHECK(order[t] == static_cast<int>(t));

  Predictions predictions;
  REQUIRE_OK(runner->Predict(batch, parameters, &predictions));
  const std::vector<double> scores = reference.Scores(reference.values());
  CHECK(predictions.width == 1);
  REQUIRE(predictions.scores.size() == scores.size());
  REQUIRE(predictions.losses.size() == scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    CHECK(predictions.scores[i] == Approx(scores[i]).margin(1e-5));
  }
}

TEST_CASE("gradients are those of central differences") {
  for (const v1::ModelKind kind :
       {v1::MODEL_KIND_WIDE_DEEP, v1::MODEL_KIND_DEEPFM, v1::MODEL_KIND_DCN}) {
    for (const Case& c : kCases) {
      for (const v1::TableKind table : {v1::TABLE_KIND_SPARSE, v1::TABLE_KIND_DENSE}) {
        for (const uint64_t n : {0, 1, 6}) CheckGradient(kind, c, table, v1::ACTIVATION_TANH, n);
      }
      CheckGradient(kind, c, v1::TABLE_KIND_SPARSE, v1::ACTIVATION_GELU, 6);
      CheckGradient(kind, c, v1::TABLE_KIND_SPARSE, v1::ACTIVATION_RELU, 6);
    }
  }
}

}  // namespace
}  // namespace paceline::worker

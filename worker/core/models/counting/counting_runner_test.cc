#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/counting/counting.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kRows = 10;
constexpr uint32_t kDim = 3;

v1::JobSpec Spec(v1::TableKind table) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_COUNTING);
  spec.mutable_model()->set_table(table);
  spec.mutable_model()->set_rows(kRows);
  spec.mutable_model()->set_dim(kDim);
  return spec;
}

// Ranks push `iterations` each; returns the sums of all values.
std::vector<float> Train(const v1::JobSpec& spec, uint32_t ranks, uint64_t iterations) {
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Model> model, CreateModel(spec, 0, 0));
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Runner> runner, CreateCpuRunner(spec, *model, 0, 0));
  std::vector<float> values(kRows * kDim, 0);
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    for (uint64_t t = 0; t < iterations; ++t) {
      Batch batch;
      batch.rank = rank;
      batch.iteration = t;
      std::vector<std::vector<uint64_t>> keys;
      model->Keys(batch, &keys);
      const bool sparse = model->tables()[0].kind() == v1::TABLE_KIND_SPARSE;
      Parameters parameters(1);
      parameters[0].keys = keys[0];
      parameters[0].rows.resize((sparse ? keys[0].size() : kRows) * kDim, 5);
      Gradients gradients;
      LossSum loss;
      int calls = 0;
      // The scale of a round must not touch counts.
      REQUIRE_OK(runner->Gradient(batch, parameters, 0.001f, &gradients, &loss,
                                  [&](int table) { calls += 1 + table; }));
      CHECK(calls == 1);
      CHECK(loss.count == 0);
      REQUIRE(gradients[0].keys == keys[0]);
      for (size_t i = 0; i < gradients[0].rows.size(); ++i) {
        const uint64_t row = sparse ? keys[0][i / kDim] : i / kDim;
        values[row * kDim + i % kDim] += gradients[0].rows[i];
      }
    }
  }
  return values;
}

TEST_CASE("the sum of the gradients is what ExpectedCounting says, dense and sparse") {
  for (const v1::TableKind table : {v1::TABLE_KIND_DENSE, v1::TABLE_KIND_SPARSE}) {
    const v1::JobSpec spec = Spec(table);
    const std::vector<float> values = Train(spec, 3, 50);
    CHECK(values[0] == 150);
    for (uint64_t row = 0; row < kRows; ++row) {
      uint64_t expected = 0;
      for (uint32_t rank = 0; rank < 3; ++rank) expected += ExpectedCounting(spec, rank, 50)[row];
      for (uint32_t column = 0; column < kDim; ++column) {
        CHECK(values[row * kDim + column] == static_cast<float>(expected));
      }
    }
  }
}

TEST_CASE("keys of another push are refused") {
  const v1::JobSpec spec = Spec(v1::TABLE_KIND_SPARSE);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Model> model, CreateModel(spec, 0, 0));
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Runner> runner, CreateCpuRunner(spec, *model, 0, 0));
  Batch batch;
  batch.iteration = 7;
  Parameters parameters(1);
  parameters[0].keys = {0};
  parameters[0].rows.resize(kDim);
  Gradients gradients;
  LossSum loss;
  CHECK_STATUS(runner->Gradient(batch, parameters, 1, &gradients, &loss, [](int) {}),
               absl::StatusCode::kInvalidArgument, "iteration 7 expected, got 0");
  parameters[0].rows.clear();
  CHECK_STATUS(runner->Gradient(batch, parameters, 1, &gradients, &loss, [](int) {}),
               absl::StatusCode::kInvalidArgument, "counting/values");
}

TEST_CASE("counting predicts nothing") {
  const v1::JobSpec spec = Spec(v1::TABLE_KIND_DENSE);
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Model> model, CreateModel(spec, 0, 0));
  REQUIRE_OK_AND_ASSIGN(const std::unique_ptr<Runner> runner, CreateCpuRunner(spec, *model, 0, 0));
  Parameters parameters(1);
  parameters[0].rows.resize(kRows * kDim);
  Predictions predictions;
  REQUIRE_OK(runner->Predict(Batch(), parameters, &predictions));
  CHECK(predictions.width == 0);
  CHECK(predictions.scores.empty());
}

}  // namespace
}  // namespace paceline::worker

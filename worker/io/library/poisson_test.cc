// The example of worker/api/example, as a worker sees it: its gradient is that of its loss.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "common/spec/defaults.h"
#include "common/status/status_matchers.h"
#include "worker/core/models/runner_factory.h"
#include "worker/io/library/open_model.h"
#include "worker/io/library/testing/library_folder.h"

namespace paceline::worker {
namespace {

constexpr uint64_t kFeatures = 4;

v1::JobSpec Spec(v1::TableKind weight, const std::string& exposure) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(v1::MODEL_KIND_LIBRARY);
  v1::LibrarySpec* library = spec.mutable_model()->mutable_library();
  library->set_file("poisson.so");
  v1::LibraryTableSpec* table = library->add_tables();
  table->set_name("bias");
  table->set_rows(1);
  table->set_dim(1);
  table = library->add_tables();
  table->set_name("weight");
  table->set_kind(weight);
  table->set_dim(1);
  v1::OptionSpec* option = library->add_options();
  option->set_name("exposure");
  option->set_value(exposure);
  return WithDefaults(spec);
}

struct Made {
  std::string name;
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
};

Made Make(const v1::JobSpec& spec) {
  const testing::LibraryFolder folder({"worker/api/poisson.so"});
  REQUIRE_OK_AND_ASSIGN(OpenedModel opened, OpenModel(spec, kFeatures, 0, folder.path()));
  Made made{.name = opened.library, .model = std::move(opened.model), .runner = nullptr};
  REQUIRE_OK_AND_ASSIGN(made.runner, CreateCpuRunner(spec, *made.model, kFeatures, 0));
  return made;
}

Batch TheBatch(bool dense) {
  Batch batch;
  batch.features = kFeatures;
  batch.labels = {2, 0, 5};
  batch.nominal = 3;
  if (dense) {
    batch.dense = true;
    batch.dense_values = {0.5f, 0, 3, -1, 0, 0.25f, 1, 0, 2, 0, 4, 0.125f};
  } else {
    batch.offsets = {0, 3, 5, 8};
    batch.indices = {0, 2, 3, 1, 2, 0, 2, 3};
    batch.values = {0.5f, 3, -1, 0.25f, 1, 2, 4, 0.125f};
  }
  return batch;
}

Parameters ParametersOf(const Model& model, const Batch& batch) {
  std::vector<std::vector<uint64_t>> keys;
  model.Keys(batch, &keys);
  Parameters parameters(2);
  parameters[0].rows = {0.25f};
  parameters[1].keys = keys[1];
  parameters[1].rows = {0.5f, -0.25f, 0.75f, 0.125f};
  return parameters;
}

double LossAt(Runner* runner, const Batch& batch, const Parameters& parameters) {
  Predictions predictions;
  REQUIRE_OK(runner->Predict(batch, parameters, &predictions));
  double sum = 0;
  for (const float loss : predictions.losses) sum += loss;
  return sum;
}

TEST_CASE("the example's gradient is that of its loss") {
  for (const v1::TableKind kind : {v1::TABLE_KIND_DENSE, v1::TABLE_KIND_SPARSE}) {
    for (const bool dense : {false, true}) {
      for (const char* exposure : {"-1", "2"}) {
        const Made made = Make(Spec(kind, exposure));
        const Batch batch = TheBatch(dense);
        const Parameters parameters = ParametersOf(*made.model, batch);
        Gradients gradients;
        LossSum loss;
        REQUIRE_OK(made.runner->Gradient(batch, parameters, 0.5f, &gradients, &loss, [](int) {}));
        const double at = LossAt(made.runner.get(), batch, parameters);
        CHECK(loss.sum == Approx(at).epsilon(1e-6));
        for (size_t t = 0; t < 2; ++t) {
          REQUIRE(gradients[t].rows.size() == parameters[t].rows.size());
          for (size_t i = 0; i < parameters[t].rows.size(); ++i) {
            // A power of two: the parameters that it leads to are exact.
            constexpr float kStep = 1.0f / 256;
            Parameters above = parameters;
            above[t].rows[i] += kStep;
            Parameters below = parameters;
            below[t].rows[i] -= kStep;
            const double slope = (LossAt(made.runner.get(), batch, above) -
                                  LossAt(made.runner.get(), batch, below)) /
                                 (2 * kStep);
            INFO("table " << t << " row " << i);
            CHECK(gradients[t].rows[i] == Approx(0.5 * slope).epsilon(1e-3).margin(1e-3));
          }
        }
      }
    }
  }
}

TEST_CASE("the example's loss and rate, by hand") {
  const Made made = Make(Spec(v1::TABLE_KIND_DENSE, "2"));
  CHECK(made.name.substr(0, 11) == "poisson.so-");
  CHECK(made.name.size() == 11 + 16);
  const Batch batch = TheBatch(true);
  Predictions predictions;
  REQUIRE_OK(made.runner->Predict(batch, ParametersOf(*made.model, batch), &predictions));
  CHECK(predictions.score_kind == ScoreKind::kValue);
  const double rate = 3 * std::exp(0.25 + 0.5 * 0.5 - 0.125);
  CHECK(predictions.scores[0] == Approx(rate).epsilon(1e-6));
  CHECK(predictions.losses[0] == Approx(rate - 2 * std::log(rate) + std::log(2)).epsilon(1e-6));
}

TEST_CASE("the example says what is wrong with a record") {
  const Made made = Make(Spec(v1::TABLE_KIND_DENSE, "2"));
  Batch batch = TheBatch(true);
  const Parameters parameters = ParametersOf(*made.model, batch);
  Predictions predictions;
  batch.labels[1] = 0.5f;
  CHECK_STATUS(made.runner->Predict(batch, parameters, &predictions),
               absl::StatusCode::kInvalidArgument,
               "model.library.file poisson.so: a label that counts (0, 1, 2, ...) expected");
  batch.labels[1] = 1;
  batch.dense_values[6] = 0;
  CHECK_STATUS(made.runner->Predict(batch, parameters, &predictions),
               absl::StatusCode::kInvalidArgument,
               "batch record 1: an exposure above 0 expected, got 0");
}

}  // namespace
}  // namespace paceline::worker

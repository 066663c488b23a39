// Every model, in every form, against float64: losses, scores and gradients.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "common/status/status_matchers.h"
#include "worker/core/models/cases.h"
#include "worker/core/models/model_factory.h"
#include "worker/core/models/reference.h"
#include "worker/core/models/runner_factory.h"

namespace paceline::worker {
namespace {

using testing::AllModels;
using testing::ModelCase;
using testing::RandomBatch;
using testing::RandomParameters;
using testing::Reference;
using testing::Values;

struct Built {
  std::unique_ptr<Model> model;
  std::unique_ptr<Runner> runner;
};

Built Build(const ModelCase& c) {
  Built built;
  REQUIRE_OK_AND_ASSIGN(built.model, CreateModel(c.Spec(), c.features, c.classes));
  REQUIRE_OK_AND_ASSIGN(built.runner,
                        CreateCpuRunner(c.Spec(), *built.model, c.features, c.classes));
  return built;
}

const GradientReady kIgnore = [](int) {};

// Largest |got - scale * wanted| / (1 + |scale * wanted|).
double WorstError(const Gradients& got, const Values& wanted, double scale) {
  double worst = got.size() == wanted.size() ? 0 : INFINITY;
  for (size_t t = 0; t < std::min(got.size(), wanted.size()); ++t) {
    if (got[t].rows.size() != wanted[t].size()) return INFINITY;
    for (size_t i = 0; i < wanted[t].size(); ++i) {
      const double want = scale * wanted[t][i];
      const double error = std::abs(got[t].rows[i] - want) / (1 + std::abs(want));
      worst = std::isnan(error) ? INFINITY : std::max(worst, error);
    }
  }
  return worst;
}

bool SameBytes(const Gradients& a, const Gradients& b) {
  if (a.size() != b.size()) return false;
  for (size_t t = 0; t < a.size(); ++t) {
    if (a[t].keys != b[t].keys || a[t].rows.size() != b[t].rows.size()) return false;
    if (!a[t].rows.empty() &&
        std::memcmp(a[t].rows.data(), b[t].rows.data(), a[t].rows.size() * sizeof(float)) != 0) {
      return false;
    }
  }
  return true;
}

TEST_CASE("gradients are those of central differences, for every model and form of data") {
  for (const uint64_t features : {1, 3, 31}) {
    for (const ModelCase& c : AllModels(features)) {
      const Built built = Build(c);
      Gradients gradients;
      for (const bool dense : {false, true}) {
        for (const uint64_t n : {0, 1, 3, 31}) {
          if (n * features > 100) continue;
          std::mt19937 random(static_cast<uint32_t>(features * 1000 + n));
          const Batch batch = RandomBatch(c, dense, n, &random);
          const Parameters parameters = RandomParameters(*built.model, batch, &random);
          const Reference reference(c, batch, parameters);
          const float scale = 0.25f;
          LossSum loss;
          INFO(c.ToString() << (dense ? " dense" : " csr") << " n " << n);
          REQUIRE_OK(built.runner->Gradient(batch, parameters, scale, &gradients, &loss, kIgnore));
          CHECK(loss.count == n);
          CHECK(loss.sum == Approx(reference.Loss(reference.values())).epsilon(1e-5).margin(1e-5));
          CHECK(WorstError(gradients, reference.NumericalGradient(), scale) < 2e-5);
          for (size_t t = 0; t < gradients.size(); ++t) {
            CHECK(gradients[t].keys == parameters[t].keys);
          }
        }
      }
    }
  }
}

TEST_CASE("networks of matrix size agree with float64 back-propagation") {
  struct Case {
    uint64_t features;
    std::vector<uint32_t> hidden;
    uint32_t classes;
    uint64_t n;
  };
  const Case cases[] = {{130, {67, 33}, 10, 37}, {65, {}, 31, 64}, {40, {31, 1, 17, 5}, 3, 3}};
  for (const Case& size : cases) {
    for (const v1::Activation activation :
         {v1::ACTIVATION_RELU, v1::ACTIVATION_TANH, v1::ACTIVATION_GELU}) {
      for (const v1::TableKind table : {v1::TABLE_KIND_DENSE, v1::TABLE_KIND_SPARSE}) {
        for (const bool dense : {false, true}) {
          const ModelCase c = {
              .kind = size.hidden.empty() ? v1::MODEL_KIND_SOFTMAX : v1::MODEL_KIND_MLP,
              .table = table,
              .hidden = size.hidden,
              .activation = activation,
              .features = size.features,
              .classes = size.classes};
          const Built built = Build(c);
          std::mt19937 random(7);
          const Batch batch = RandomBatch(c, dense, size.n, &random);
          const Parameters parameters = RandomParameters(*built.model, batch, &random);
          const Reference reference(c, batch, parameters);
          Gradients gradients;
          LossSum loss;
          INFO(c.ToString() << (dense ? " dense" : " csr"));
          REQUIRE_OK(built.runner->Gradient(batch, parameters, 1, &gradients, &loss, kIgnore));
          CHECK(WorstError(gradients, reference.BackpropGradient(), 1) < 1e-4);
        }
      }
    }
  }
}

TEST_CASE("the two float64 references agree with each other") {
  const ModelCase c = {.kind = v1::MODEL_KIND_MLP,
                       .hidden = {6, 4},
                       .activation = v1::ACTIVATION_GELU,
                       .features = 9,
                       .classes = 4};
  const Built built = Build(c);
  std::mt19937 random(1);
  const Batch batch = RandomBatch(c, false, 11, &random);
  const Reference reference(c, batch, RandomParameters(*built.model, batch, &random));
  const Values a = reference.NumericalGradient();
  const Values b = reference.BackpropGradient();
  for (size_t t = 0; t < a.size(); ++t) {
    for (size_t i = 0; i < a[t].size(); ++i) CHECK(a[t][i] == Approx(b[t][i]).margin(1e-7));
  }
}

TEST_CASE("scores and losses of each sample") {
  for (const ModelCase& c : AllModels(13)) {
    const Built built = Build(c);
    for (const bool dense : {false, true}) {
      std::mt19937 random(3);
      const Batch batch = RandomBatch(c, dense, 17, &random);
      const Parameters parameters = RandomParameters(*built.model, batch, &random);
      const Reference reference(c, batch, parameters);
      std::vector<double> scores;
      const double loss = reference.Loss(reference.values(), &scores);
      Predictions predictions;
      INFO(c.ToString() << (dense ? " dense" : " csr"));
      REQUIRE_OK(built.runner->Predict(batch, parameters, &predictions));
      REQUIRE(predictions.width * batch.size() == scores.size());
      REQUIRE(predictions.scores.size() == scores.size());
      REQUIRE(predictions.losses.size() == batch.size());
      double sum = 0;
      for (const float one : predictions.losses) sum += one;
      CHECK(sum == Approx(loss).epsilon(1e-5));
      for (size_t i = 0; i < scores.size(); ++i) {
        REQUIRE(predictions.scores[i] == Approx(scores[i]).epsilon(1e-4).margin(1e-5));
      }
    }
  }
}

TEST_CASE("the same batch gives the same bytes, in a new runner and in a used one") {
  for (const ModelCase& c : AllModels(31)) {
    for (const bool dense : {false, true}) {
      std::mt19937 random(5);
      const Built built = Build(c);
      const Batch batch = RandomBatch(c, dense, 31, &random);
      const Parameters parameters = RandomParameters(*built.model, batch, &random);
      const Batch other = RandomBatch(c, !dense, 40, &random);
      const Parameters other_parameters = RandomParameters(*built.model, other, &random);
      Gradients first;
      Gradients again;
      LossSum loss;
      LossSum loss_again;
      REQUIRE_OK(built.runner->Gradient(batch, parameters, 0.1f, &first, &loss, kIgnore));
      REQUIRE_OK(built.runner->Gradient(other, other_parameters, 3, &again, &loss_again, kIgnore));
      REQUIRE_OK(built.runner->Gradient(batch, parameters, 0.1f, &again, &loss_again, kIgnore));
      INFO(c.ToString() << (dense ? " dense" : " csr"));
      CHECK(SameBytes(first, again));
      CHECK(loss.sum == loss_again.sum);
      Gradients fresh;
      const Built second = Build(c);
      REQUIRE_OK(second.runner->Gradient(batch, parameters, 0.1f, &fresh, &loss_again, kIgnore));
      CHECK(SameBytes(first, fresh));
    }
  }
}

TEST_CASE("each table is ready once, complete, and upper layers come first") {
  for (const ModelCase& c : AllModels(5)) {
    const Built built = Build(c);
    std::mt19937 random(6);
    const Batch batch = RandomBatch(c, false, 9, &random);
    const Parameters parameters = RandomParameters(*built.model, batch, &random);
    Gradients gradients;
    Gradients seen(parameters.size());
    std::vector<int> order;
    LossSum loss;
    REQUIRE_OK(built.runner->Gradient(batch, parameters, 1, &gradients, &loss, [&](int table) {
      order.push_back(table);
      seen[table] = gradients[table];
    }));
    INFO(c.ToString());
    CHECK(SameBytes(seen, gradients));
    REQUIRE(order.size() == parameters.size());
    if (c.kind == v1::MODEL_KIND_MLP) {
      for (size_t i = 0; i + 1 < order.size(); ++i) CHECK(order[i] / 2 >= order[i + 1] / 2);
    }
    std::sort(order.begin(), order.end());
    for (size_t t = 0; t < order.size(); ++t) CHECK(order[t] == static_cast<int>(t));
  }
}

TEST_CASE("what does not fit is refused by every model, and named") {
  for (const ModelCase& c : AllModels(4)) {
    const Built built = Build(c);
    std::mt19937 random(8);
    Batch batch;
    while (batch.indices.empty()) batch = RandomBatch(c, false, 6, &random);
    const Parameters parameters = RandomParameters(*built.model, batch, &random);
    Gradients gradients;
    LossSum loss;
    Predictions predictions;
    const auto check = [&](const Batch& b, const Parameters& p, const char* part) {
      INFO(c.ToString() << ": " << part);
      CHECK_STATUS(built.runner->Gradient(b, p, 1, &gradients, &loss, kIgnore),
                   absl::StatusCode::kInvalidArgument, part);
      CHECK_STATUS(built.runner->Predict(b, p, &predictions), absl::StatusCode::kInvalidArgument,
                   part);
    };
    Batch wrong = batch;
    wrong.labels[4] = c.SquaredLoss() ? NAN : 17;
    check(wrong, parameters, c.SquaredLoss() ? "record 4: label" : "got 17");
    wrong = batch;
    wrong.indices.back() = 77;
    check(wrong, parameters, "got 77");
    Parameters misfit = parameters;
    misfit.pop_back();
    check(batch, misfit, "tables expected");
    misfit = parameters;
    misfit[1].rows.push_back(0);
    check(batch, misfit, "values expected");
    if (c.table == v1::TABLE_KIND_SPARSE) {
      // A pull that lacks the last key of the batch.
      misfit = parameters;
      for (size_t t = 0; t < misfit.size(); ++t) {
        if (misfit[t].keys.empty()) continue;
        misfit[t].keys.pop_back();
        misfit[t].rows.resize(misfit[t].keys.size() * built.model->tables()[t].dim());
      }
      check(batch, misfit, "is not among");
      Batch dense = RandomBatch(c, true, 2, &random);
      check(dense, misfit, "needs the keys of all 4 features");
    }
  }
}

}  // namespace
}  // namespace paceline::worker

#include "worker/core/eval/metrics.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

v1::ModelSpec Model(v1::ModelKind kind, v1::Loss loss = v1::LOSS_LOGISTIC) {
  v1::ModelSpec model;
  model.set_kind(kind);
  model.set_loss(loss);
  return model;
}

Predictions Said(uint64_t width, Floats scores, Floats losses) {
  return {.width = width, .scores = std::move(scores), .losses = std::move(losses)};
}

TEST_CASE("a value has loss and rmse") {
  for (const v1::ModelSpec& model :
       {Model(v1::MODEL_KIND_LINEAR), Model(v1::MODEL_KIND_MF, v1::LOSS_UNSPECIFIED),
        Model(v1::MODEL_KIND_FM, v1::LOSS_SQUARED)}) {
    Metrics metrics = Metrics::For(model);
    REQUIRE_OK(metrics.Add(Said(1, {1, 5}, {0.5f, 2}), Floats{2, 3}));
    REQUIRE_OK(metrics.Add(Said(1, {0}, {8}), Floats{4}));
    const v1::EvalResult result = metrics.Finish();
    CHECK(metrics.records() == 3);
    CHECK(result.loss() == Approx(3.5));
    CHECK(result.rmse() == Approx(std::sqrt(7.0)));
    CHECK_FALSE(result.has_accuracy());
    CHECK_FALSE(result.has_auc());
    CHECK_FALSE(result.has_log_loss());
    CHECK_FALSE(result.has_calibration());
  }
}

TEST_CASE("a distance has loss, its mean, and inertia, its sum, whatever the labels") {
  Metrics metrics = Metrics::For(Model(v1::MODEL_KIND_KMEANS));
  REQUIRE_OK(metrics.Add(Said(1, {1, 5}, {0.5f, 2}), Floats{7, NAN}));
  REQUIRE_OK(metrics.Add(Said(1, {0}, {8}), Floats{0}));
  const v1::EvalResult result = metrics.Finish();
  CHECK(metrics.records() == 3);
  CHECK(result.loss() == Approx(3.5));
  CHECK(result.inertia() == Approx(10.5));
  CHECK_FALSE(result.has_rmse());
  CHECK_FALSE(result.has_accuracy());
  CHECK_FALSE(result.has_log_loss());
}

TEST_CASE("a probability has loss, accuracy, auc, log loss and calibration") {
  for (const v1::ModelSpec& model : {Model(v1::MODEL_KIND_LOGISTIC), Model(v1::MODEL_KIND_FM)}) {
    Metrics metrics = Metrics::For(model);
    REQUIRE_OK(metrics.Add(Said(1, {0.1f, 0.4f}, {0.25f, 0.5f}), Floats{0, 0}));
    REQUIRE_OK(metrics.Add(Said(1, {0.35f, 0.5f}, {1, 0.25f}), Floats{1, 1}));
    const v1::EvalResult result = metrics.Finish();
    CHECK(result.loss() == Approx(0.5));
    CHECK(result.log_loss() == Approx(0.5));
    // 0.5 says label 1.
    CHECK(result.accuracy() == Approx(0.75));
    CHECK(result.auc() == Approx(0.75));
    CHECK(result.calibration() == Approx(1.35 / 2));
    CHECK_FALSE(result.has_rmse());
  }
}

TEST_CASE("classes have loss, accuracy and log loss; the first of equals is chosen") {
  for (const v1::ModelKind kind : {v1::MODEL_KIND_MLP, v1::MODEL_KIND_CNN}) {
    Metrics metrics = Metrics::For(Model(kind));
    REQUIRE_OK(metrics.Add(
        Said(3, {0.2f, 0.5f, 0.3f, 0.4f, 0.4f, 0.2f, 0.4f, 0.4f, 0.2f}, {0.25f, 1, 2.5f}),
        Floats{1, 0, 1}));
    const v1::EvalResult result = metrics.Finish();
    CHECK(result.accuracy() == Approx(2.0 / 3));
    CHECK(result.loss() == Approx(1.25));
    CHECK(result.log_loss() == Approx(1.25));
    CHECK_FALSE(result.has_auc());
    CHECK_FALSE(result.has_calibration());
    CHECK_FALSE(result.has_rmse());
  }
}

TEST_CASE("bytes have loss and bits") {
  Metrics metrics = Metrics::For(Model(v1::MODEL_KIND_LM));
  const float bits = std::log(2.0f);
  REQUIRE_OK(metrics.Add(Said(1, {0.5f, 0.25f}, {bits, 2 * bits}), Floats{0, 0}));
  REQUIRE_OK(metrics.Add(Said(1, {0.125f}, {3 * bits}), Floats{0}));
  const v1::EvalResult result = metrics.Finish();
  CHECK(result.loss() == Approx(2 * bits));
  CHECK(result.bits_per_byte() == Approx(2));
  CHECK_FALSE(result.has_accuracy());
  CHECK_FALSE(result.has_log_loss());
}

TEST_CASE("two classes are measured like a probability of class 1") {
  Metrics classes = Metrics::For(Model(v1::MODEL_KIND_SOFTMAX));
  Metrics probability = Metrics::For(Model(v1::MODEL_KIND_LOGISTIC));
  std::mt19937 random(3);
  for (int batch = 0; batch < 7; ++batch) {
    Predictions two = {.width = 2, .scores = {}, .losses = {}};
    Predictions one;
    Floats labels;
    for (int i = 0; i < 13; ++i) {
      const float p = static_cast<float>(random() % 1000 + 1) / 1002;
      labels.push_back(static_cast<float>(random() % 2));
      one.scores.push_back(p);
      two.scores.push_back(1 - p);
      two.scores.push_back(p);
      const float loss = -std::log(labels.back() == 1 ? p : 1 - p);
      one.losses.push_back(loss);
      two.losses.push_back(loss);
    }
    REQUIRE_OK(classes.Add(two, labels));
    REQUIRE_OK(probability.Add(one, labels));
  }
  const v1::EvalResult a = classes.Finish();
  const v1::EvalResult b = probability.Finish();
  CHECK(a.SerializeAsString() == b.SerializeAsString());
  CHECK(a.has_auc());
  CHECK(a.has_calibration());
}

TEST_CASE("in batches or at once, it is the same") {
  std::mt19937 random(5);
  Floats scores(1000);
  Floats losses(1000);
  Floats labels(1000);
  for (size_t i = 0; i < 1000; ++i) {
    scores[i] = static_cast<float>(random() % 997) / 997;
    losses[i] = static_cast<float>(random() % 100) / 64;
    labels[i] = static_cast<float>(random() % 2);
  }
  Metrics whole = Metrics::For(Model(v1::MODEL_KIND_LOGISTIC));
  REQUIRE_OK(whole.Add(Said(1, scores, losses), labels));
  Metrics parts = Metrics::For(Model(v1::MODEL_KIND_LOGISTIC));
  for (size_t at = 0; at < 1000; at += 17) {
    const size_t end = std::min<size_t>(1000, at + 17);
    REQUIRE_OK(parts.Add(Said(1, Floats(scores.begin() + at, scores.begin() + end),
                              Floats(losses.begin() + at, losses.begin() + end)),
                         Floats(labels.begin() + at, labels.begin() + end)));
  }
  CHECK(whole.Finish().SerializeAsString() == parts.Finish().SerializeAsString());
}

TEST_CASE("what cannot be said is not said") {
  CHECK(Metrics::For(Model(v1::MODEL_KIND_LOGISTIC)).Finish().ByteSizeLong() == 0);
  Metrics negatives = Metrics::For(Model(v1::MODEL_KIND_LOGISTIC));
  REQUIRE_OK(negatives.Add(Said(1, {0.25f}, {1}), Floats{0}));
  CHECK_FALSE(negatives.Finish().has_auc());
  CHECK_FALSE(negatives.Finish().has_calibration());
  CHECK(negatives.Finish().has_accuracy());
  for (const v1::ModelKind kind : {v1::MODEL_KIND_COUNTING, v1::MODEL_KIND_LAYERS}) {
    Metrics nothing = Metrics::For(Model(kind));
    REQUIRE_OK(nothing.Add(Said(0, {}, {}), Floats{1, 2}));
    CHECK(nothing.Finish().ByteSizeLong() == 0);
  }
  Metrics emulated = Metrics::For(Model(v1::MODEL_KIND_MLP));
  REQUIRE_OK(emulated.Add(Said(0, {}, {}), Floats{1, 2}));
  CHECK(emulated.Finish().ByteSizeLong() == 0);
}

TEST_CASE("a library says itself what its scores are") {
  const Floats labels{1, 0, 1};
  const std::pair<ScoreKind, v1::ModelKind> kinds[] = {
      {ScoreKind::kValue, v1::MODEL_KIND_LINEAR},
      {ScoreKind::kProbability, v1::MODEL_KIND_LOGISTIC},
      {ScoreKind::kClasses, v1::MODEL_KIND_SOFTMAX},
      {ScoreKind::kOfKind, v1::MODEL_KIND_COUNTING}};
  for (const auto& [score_kind, same_as] : kinds) {
    const bool classes = score_kind == ScoreKind::kClasses;
    Predictions said = classes ? Said(2, {0.25f, 0.75f, 0.5f, 0.5f, 0, 1}, {1, 2, 3})
                               : Said(1, {0.75f, 0.5f, 1}, {1, 2, 3});
    Metrics expected = Metrics::For(Model(same_as));
    REQUIRE_OK(expected.Add(said, labels));
    said.score_kind = score_kind;
    Metrics metrics = Metrics::For(Model(v1::MODEL_KIND_LIBRARY));
    CHECK(metrics.Finish().ByteSizeLong() == 0);
    REQUIRE_OK(metrics.Add(said, labels));
    CHECK(metrics.Finish().SerializeAsString() == expected.Finish().SerializeAsString());
  }
}

TEST_CASE("sizes that do not fit are refused") {
  const absl::StatusCode invalid = absl::StatusCode::kInvalidArgument;
  Metrics metrics = Metrics::For(Model(v1::MODEL_KIND_SOFTMAX));
  CHECK_STATUS(metrics.Add(Said(3, {1, 0}, {1}), Floats{1}), invalid,
               "3 scores and 1 losses expected for 1 records, got 2 and 1");
  CHECK_STATUS(metrics.Add(Said(3, {1, 0, 0}, {}), Floats{1}), invalid, "got 3 and 0");
  CHECK_STATUS(metrics.Add(Said(1, {1}, {1}), Floats{1}), invalid, "width 2 expected, got 1");
  REQUIRE_OK(metrics.Add(Said(3, {1, 0, 0}, {1}), Floats{0}));
  CHECK_STATUS(metrics.Add(Said(2, {1, 0}, {1}), Floats{0}), invalid, "width 3 expected, got 2");
  CHECK(metrics.records() == 1);
  Metrics value = Metrics::For(Model(v1::MODEL_KIND_LINEAR));
  CHECK_STATUS(value.Add(Said(2, {1, 0}, {1}), Floats{0}), invalid, "width 1 expected, got 2");
}

}  // namespace
}  // namespace paceline::worker

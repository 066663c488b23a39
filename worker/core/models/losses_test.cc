#include "worker/core/models/losses.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "common/status/status_matchers.h"

namespace paceline::worker {
namespace {

using Floats = std::vector<float>;

TEST_CASE("squared loss is half the squared error") {
  Predictions out;
  EvaluateLoss(v1::LOSS_SQUARED, Floats{3, -1}, Floats{1, -1}, &out);
  CHECK(out.width == 1);
  CHECK(out.scores == Floats{3, -1});
  CHECK(out.losses == Floats{2, 0});
  Floats gradient;
  LossGradient(out, Floats{1, -1}, 0.5f, &gradient);
  CHECK(gradient == Floats{1, 0});
}

TEST_CASE("logistic loss stays finite and exact for sure samples, right and wrong") {
  Predictions out;
  EvaluateLoss(v1::LOSS_LOGISTIC, Floats{100, 100, -100, -100, 0}, Floats{1, 0, 0, 1, 1}, &out);
  CHECK(out.losses[0] == Approx(0).margin(1e-30));
  CHECK(out.losses[1] == Approx(100));
  CHECK(out.losses[2] == Approx(0).margin(1e-30));
  CHECK(out.losses[3] == Approx(100));
  CHECK(out.losses[4] == Approx(std::log(2.0)));
  CHECK(out.scores[0] == 1);
  CHECK(out.scores[3] == Approx(0).margin(1e-30));
  CHECK(out.scores[4] == 0.5f);
  const LossSum sum = SumOf(out);
  CHECK(sum.count == 5);
  CHECK(sum.sum == Approx(200 + std::log(2.0)));
}

TEST_CASE("cross entropy of classes") {
  Predictions out;
  out.scores = {0, 0, 0, 1000, 0, 0, 1000, 0, 0};
  const Floats labels = {2, 0, 1};
  EvaluateClasses(labels, 3, &out);
  CHECK(out.width == 3);
  CHECK(out.losses[0] == Approx(std::log(3.0)));
  CHECK(out.losses[1] == 0);
  CHECK(out.losses[2] == Approx(1000));
  Floats gradient;
  LossGradient(out, labels, 3, &gradient);
  const Floats expected = {1, 1, -2, 0, 0, 0, 3, -3, 0};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(gradient[i] == Approx(expected[i]));
}

TEST_CASE("no samples, no loss") {
  Predictions out;
  out.scores = {1};
  EvaluateLoss(v1::LOSS_LOGISTIC, {}, {}, &out);
  CHECK(out.scores.empty());
  CHECK(SumOf(out).count == 0);
  EvaluateClasses({}, 4, &out);
  CHECK(out.width == 4);
  CHECK(out.losses.empty());
}

TEST_CASE("labels that do not suit the loss") {
  CHECK_OK(CheckLabels(v1::LOSS_SQUARED, Floats{-7.5f}));
  CHECK_OK(CheckLabels(v1::LOSS_LOGISTIC, Floats{0, 1}));
  CHECK_STATUS(CheckLabels(v1::LOSS_LOGISTIC, Floats{-1}), absl::StatusCode::kInvalidArgument,
               "0 or 1 expected, got -1");
  CHECK_STATUS(CheckLabels(v1::LOSS_SQUARED, Floats{NAN}), absl::StatusCode::kInvalidArgument,
               "got nan");
}

}  // namespace
}  // namespace paceline::worker

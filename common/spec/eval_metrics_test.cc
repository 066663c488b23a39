#include "common/spec/eval_metrics.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "common/spec/enum_names.h"

namespace paceline {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("of accuracy and auc the greater is better, of all others the smaller") {
  for (const char* metric : {"accuracy", "auc"}) {
    CHECK(IsBetter(metric, 0.6, 0.5, 0));
    CHECK_FALSE(IsBetter(metric, 0.5, 0.6, 0));
  }
  for (const char* metric : {"loss", "log_loss", "rmse", "bits_per_byte", "inertia"}) {
    CHECK(IsBetter(metric, 0.5, 0.6, 0));
    CHECK_FALSE(IsBetter(metric, 0.6, 0.5, 0));
  }
}

TEST_CASE("the same is not better, and a change must exceed min_delta") {
  CHECK_FALSE(IsBetter("loss", 0.5, 0.5, 0));
  CHECK_FALSE(IsBetter("loss", 0.5, 0.75, 0.25));
  CHECK(IsBetter("loss", 0.4375, 0.75, 0.25));
  CHECK_FALSE(IsBetter("auc", 0.75, 0.5, 0.25));
  CHECK(IsBetter("auc", 0.8125, 0.5, 0.25));
}

TEST_CASE("what is not a number is never better, and worse than any number") {
  CHECK_FALSE(IsBetter("loss", kNan, 0.5, 0));
  CHECK(IsBetter("loss", 100, kNan, 1));
  CHECK_FALSE(IsBetter("auc", kNan, kNan, 0));
}

TEST_CASE("a metric is read by its name, where it was measured") {
  v1::EvalResult result;
  result.set_bits_per_byte(2.5);
  CHECK(MetricOf(result, "bits_per_byte") == 2.5);
  CHECK_FALSE(MetricOf(result, "loss").has_value());
  CHECK_FALSE(MetricOf(result, "no such metric").has_value());
}

TEST_CASE("each model with an answer is compared by its loss, and by fields of EvalResult") {
  for (int kind = 1; v1::ModelKind_IsValid(kind); ++kind) {
    v1::ModelSpec model;
    model.set_kind(static_cast<v1::ModelKind>(kind));
    CAPTURE(EnumWord(model.kind()));
    const std::vector<std::string> metrics = ComparableMetrics(model);
    const bool dataless =
        model.kind() == v1::MODEL_KIND_COUNTING || model.kind() == v1::MODEL_KIND_LAYERS;
    CHECK(metrics.empty() == dataless);
    if (!metrics.empty()) CHECK(metrics[0] == "loss");
    for (const std::string& metric : metrics) {
      CHECK(v1::EvalResult::descriptor()->FindFieldByName(metric) != nullptr);
      CHECK(metric != "calibration");
    }
  }
  v1::ModelSpec fm;
  fm.set_kind(v1::MODEL_KIND_FM);
  fm.set_loss(v1::LOSS_SQUARED);
  CHECK(ComparableMetrics(fm) == std::vector<std::string>{"loss", "rmse"});
}

}  // namespace
}  // namespace paceline

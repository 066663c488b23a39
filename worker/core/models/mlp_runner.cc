#include "worker/core/models/mlp_runner.h"

#include <optional>

#include "common/check.h"
#include "common/status/status_macros.h"
#include "worker/core/models/bias.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/dense_layers.h"
#include "worker/core/models/input_layer.h"
#include "worker/core/models/losses.h"

namespace paceline::worker {
namespace {

constexpr int kInputBias = 0;
constexpr int kInputWeight = 1;
constexpr int kInputTables = 2;

class MlpRunner final : public Runner {
 public:
  MlpRunner(const std::vector<v1::TableSpec>& tables, uint64_t features,
            ActivationFunction activation, const Trace& trace)
      : tables_(tables),
        features_(features),
        activation_(activation),
        trace_(trace),
        input_(tables[kInputWeight], features) {
    const int upper = static_cast<int>(tables.size()) / 2 - 1;
    if (upper > 0) {
      upper_.emplace(tables, kInputTables, upper, activation, /*dropout=*/0, /*seed=*/0);
    }
  }

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    PL_RETURN_IF_ERROR(Predict(batch, parameters, &predictions_));
    *loss = SumOf(predictions_);
    scope.Next("backward");
    LossGradient(predictions_, batch.labels, scale, &out_gradient_);
    gradients->resize(tables_.size());
    if (upper_.has_value()) {
      for (size_t t = kInputTables; t < tables_.size(); ++t) {
        (*gradients)[t].keys.clear();
        (*gradients)[t].rows.assign(parameters[t].rows.size(), 0.0f);
      }
      upper_->Backward({.count = batch.size()}, a_, parameters, &out_gradient_, gradients, ready);
      MultiplyByDerivative(activation_, z_, absl::MakeSpan(out_gradient_));
    }
    input_.Backward(batch, parameters[kInputWeight], out_gradient_, &(*gradients)[kInputWeight]);
    ready(kInputWeight);
    BiasGradient(out_gradient_, input_.outputs(), &(*gradients)[kInputBias]);
    ready(kInputBias);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(CheckBatch(batch, features_));
    PL_RETURN_IF_ERROR(CheckClassLabels(batch.labels, classes()));
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    const TableRows& weight = parameters[kInputWeight];
    PL_RETURN_IF_ERROR(input_.Bind(batch, weight));
    input_.Forward(batch, weight, parameters[kInputBias].rows,
                   upper_.has_value() ? &z_ : &predictions->scores);
    if (upper_.has_value()) {
      a_.resize(z_.size());
      Activate(activation_, z_, absl::MakeSpan(a_));
      predictions->scores.resize(batch.size() * classes());
      upper_->Forward({.count = batch.size()}, a_, parameters, /*training=*/false,
                      absl::MakeSpan(predictions->scores));
    }
    EvaluateClasses(batch.labels, classes(), predictions);
    return absl::OkStatus();
  }

 private:
  uint32_t classes() const { return tables_.back().dim(); }

  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
  const ActivationFunction activation_;
  const Trace trace_;
  // The layer that meets the data, and those above it; alone it is linear.
  InputLayer input_;
  std::optional<DenseLayers> upper_;
  // Of the input layer below others, [n, units]: before and after the activation.
  std::vector<float> z_;
  std::vector<float> a_;
  std::vector<float> out_gradient_;
  Predictions predictions_;
};

}  // namespace

std::unique_ptr<Runner> CreateMlpRunner(const std::vector<v1::TableSpec>& tables, uint64_t features,
                                        ActivationFunction activation, const Trace& trace) {
  PL_CHECK(!tables.empty());
  PL_CHECK_EQ(tables.size() % 2, 0u);
  return std::make_unique<MlpRunner>(tables, features, activation, trace);
}

}  // namespace paceline::worker

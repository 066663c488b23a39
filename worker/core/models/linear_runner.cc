#include "worker/core/models/linear_runner.h"

#include "common/check.h"
#include "common/status/status_macros.h"
#include "worker/core/models/bias.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/input_layer.h"
#include "worker/core/models/losses.h"

namespace paceline::worker {
namespace {

constexpr int kBias = 0;
constexpr int kWeight = 1;

class LinearRunner final : public Runner {
 public:
  LinearRunner(const std::vector<v1::TableSpec>& tables, uint64_t features, v1::Loss loss,
               const Trace& trace)
      : tables_(tables),
        features_(features),
        loss_(loss),
        trace_(trace),
        layer_(tables[kWeight], features) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    PL_RETURN_IF_ERROR(Predict(batch, parameters, &predictions_));
    *loss = SumOf(predictions_);
    scope.Next("backward");
    LossGradient(predictions_, batch.labels, scale, &z_gradient_);
    gradients->resize(tables_.size());
    layer_.Backward(batch, parameters[kWeight], z_gradient_, &(*gradients)[kWeight]);
    ready(kWeight);
    BiasGradient(z_gradient_, 1, &(*gradients)[kBias]);
    ready(kBias);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(CheckBatch(batch, features_));
    PL_RETURN_IF_ERROR(CheckLabels(loss_, batch.labels));
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    PL_RETURN_IF_ERROR(layer_.Bind(batch, parameters[kWeight]));
    layer_.Forward(batch, parameters[kWeight], parameters[kBias].rows, &z_);
    EvaluateLoss(loss_, z_, batch.labels, predictions);
    return absl::OkStatus();
  }

 private:
  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
  const v1::Loss loss_;
  const Trace trace_;
  InputLayer layer_;
  std::vector<float> z_;
  std::vector<float> z_gradient_;
  Predictions predictions_;
};

}  // namespace

std::unique_ptr<Runner> CreateLinearRunner(const std::vector<v1::TableSpec>& tables,
                                           uint64_t features, v1::Loss loss, const Trace& trace) {
  PL_CHECK_EQ(tables.size(), 2u);
  return std::make_unique<LinearRunner>(tables, features, loss, trace);
}

}  // namespace paceline::worker

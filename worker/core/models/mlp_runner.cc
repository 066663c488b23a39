#include "worker/core/models/mlp_runner.h"

#include <utility>

#include "common/check.h"
#include "common/status/status_macros.h"
#include "worker/core/math/blas.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/input_layer.h"
#include "worker/core/models/losses.h"

namespace paceline::worker {
namespace {

class MlpRunner final : public Runner {
 public:
  MlpRunner(const std::vector<v1::TableSpec>& tables, uint64_t features,
            ActivationFunction activation, const Trace& trace)
      : tables_(tables),
        features_(features),
        activation_(activation),
        trace_(trace),
        layers_(static_cast<int>(tables.size() / 2)),
        input_(tables[WeightOf(0)], features),
        z_(layers_ - 1),
        a_(layers_ - 1) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    PL_RETURN_IF_ERROR(Predict(batch, parameters, &predictions_));
    *loss = SumOf(predictions_);
    scope.Next("backward");
    LossGradient(predictions_, batch.labels, scale, &out_gradient_);
    gradients->resize(tables_.size());
    for (int layer = layers_ - 1; layer >= 0; --layer) {
      const int weight = WeightOf(layer);
      const int bias = BiasOf(layer);
      WeightGradient(batch, parameters, layer, &(*gradients)[weight]);
      ready(weight);
      BiasGradient(out_gradient_, OutputsOf(layer), &(*gradients)[bias]);
      ready(bias);
      if (layer > 0) Descend(batch.size(), parameters, layer);
    }
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    const uint32_t classes = OutputsOf(layers_ - 1);
    PL_RETURN_IF_ERROR(CheckBatch(batch, features_));
    PL_RETURN_IF_ERROR(CheckClassLabels(batch.labels, classes));
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    PL_RETURN_IF_ERROR(input_.Bind(batch, parameters[WeightOf(0)]));
    for (int layer = 0; layer < layers_; ++layer) {
      const bool last = layer == layers_ - 1;
      std::vector<float>* z = last ? &predictions->scores : &z_[layer];
      Linear(batch, parameters, layer, z);
      if (last) break;
      a_[layer].resize(z->size());
      Activate(activation_, *z, absl::MakeSpan(a_[layer]));
    }
    EvaluateClasses(batch.labels, classes, predictions);
    return absl::OkStatus();
  }

 private:
  static int BiasOf(int layer) { return 2 * layer; }
  static int WeightOf(int layer) { return 2 * layer + 1; }
  uint32_t OutputsOf(int layer) const { return tables_[WeightOf(layer)].dim(); }

  // z = a * weight + bias of one layer.
  void Linear(const Batch& batch, const Parameters& parameters, int layer, std::vector<float>* z) {
    const TableRows& weight = parameters[WeightOf(layer)];
    const TensorFloats& bias = parameters[BiasOf(layer)].rows;
    if (layer == 0) return input_.Forward(batch, weight, bias, z);
    FillWithBias(bias, batch.size(), z);
    Gemm(Transpose::kNo, Transpose::kNo, batch.size(), OutputsOf(layer), OutputsOf(layer - 1),
         a_[layer - 1].data(), weight.rows.data(), 1, z->data());
  }

  // From the gradient of the layer's z, in out_gradient_.
  void WeightGradient(const Batch& batch, const Parameters& parameters, int layer,
                      TableRows* gradient) {
    const TableRows& weight = parameters[WeightOf(layer)];
    if (layer == 0) return input_.Backward(batch, weight, out_gradient_, gradient);
    gradient->keys.clear();
    gradient->rows.resize(weight.rows.size());
    Gemm(Transpose::kYes, Transpose::kNo, OutputsOf(layer - 1), OutputsOf(layer), batch.size(),
         a_[layer - 1].data(), out_gradient_.data(), 0, gradient->rows.data());
  }

  // Makes out_gradient_ that of the z of the layer below.
  void Descend(uint64_t n, const Parameters& parameters, int layer) {
    below_gradient_.resize(n * OutputsOf(layer - 1));
    Gemm(Transpose::kNo, Transpose::kYes, n, OutputsOf(layer - 1), OutputsOf(layer),
         out_gradient_.data(), parameters[WeightOf(layer)].rows.data(), 0, below_gradient_.data());
    MultiplyByDerivative(activation_, z_[layer - 1], absl::MakeSpan(below_gradient_));
    std::swap(out_gradient_, below_gradient_);
  }

  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
  const ActivationFunction activation_;
  const Trace trace_;
  const int layers_;
  InputLayer input_;
  // Of each hidden layer, [n, units].
  std::vector<std::vector<float>> z_;
  std::vector<std::vector<float>> a_;
  std::vector<float> out_gradient_;
  std::vector<float> below_gradient_;
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

#include "worker/gpu/models/gpu_mlp_model.h"

#include <optional>
#include <vector>

#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/gpu_dense_layers.h"
#include "worker/gpu/models/gpu_input_layer.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/softmax_cross_entropy.h"

namespace paceline::worker {
namespace {

constexpr int kInputBias = 0;
constexpr int kInputWeight = 1;
constexpr int kInputTables = 2;

class GpuMlpModel final : public GpuModel {
 public:
  GpuMlpModel(const GpuModelOptions& options, gpu::ActivationKind activation)
      : form_{.keyed = options.tables[kInputWeight].kind() == v1::TABLE_KIND_SPARSE,
              .grouped = options.deterministic},
        tables_(options.tables),
        features_(options.features),
        activation_(activation),
        products_(options.gpu, options.precision),
        input_(options.gpu, kInputWeight, options.features, tables_[kInputWeight].dim(),
               options.deterministic, products_),
        z_(options.gpu, "outputs of the input layer"),
        a_(options.gpu, "activations of the input layer"),
        z_gradient_(options.gpu, "gradients of the input layer's outputs"),
        score_gradient_(options.gpu, "gradients of outputs") {
    const int upper = static_cast<int>(tables_.size()) / 2 - 1;
    if (upper > 0) {
      upper_.emplace(options.gpu, tables_, kInputTables, upper, activation, products_);
    }
  }

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return tables_.back().dim(); }

  absl::Status Check(const Batch& batch, const Parameters& parameters) const override {
    PL_RETURN_IF_ERROR(CheckClassLabels(batch.labels, width()));
    return CheckKeysOfDense(tables_[kInputWeight], batch, parameters[kInputWeight].keys, features_);
  }

  absl::Status Forward(const GpuStep& step) override {
    const uint64_t n = step.batch->n();
    if (upper_.has_value()) {
      PL_RETURN_IF_ERROR(Hidden(step));
      PL_RETURN_IF_ERROR(upper_->Forward(step, n, a_.factor(), step.scores));
    } else {
      PL_RETURN_IF_ERROR(input_.Forward(step, step.scores));
      PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::BiasActivation(
          gpu::ActivationKind::kNone, n, units(), step.tables->rows(kInputBias), step.scores,
          /*a=*/nullptr, gpu::HalfOut{}, step.stream->get())));
    }
    PL_RETURN_IF_ERROR(score_gradient_.Reserve(products_, n * width()));
    return gpu::ToStatus(gpu::SoftmaxCrossEntropy(
        n, width(), step.batch->labels(), step.scale * step.loss_scale, step.scores, step.losses,
        score_gradient_.values(), score_gradient_.half(), step.stream->get()));
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    const uint64_t n = step.batch->n();
    const FactorBuffer* gradient = &score_gradient_;
    if (upper_.has_value()) {
      PL_RETURN_IF_ERROR(z_gradient_.Reserve(products_, n * units()));
      PL_RETURN_IF_ERROR(upper_->Backward(step, n, score_gradient_.factor(), gradients, done,
                                          z_gradient_.values()));
      PL_RETURN_IF_ERROR(gpu::ToStatus(
          gpu::ActivationGradient(activation_, n * units(), z_.as<float>(), z_gradient_.values(),
                                  z_gradient_.half(), step.stream->get())));
      gradient = &z_gradient_;
    }
    PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(kInputBias, units()));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ColumnSums(
        n, units(), gradient->values(), 1 / step.loss_scale, bias, step.stream->get())));
    // Takes the loss scale away: nobody needs the gradient after it.
    PL_RETURN_IF_ERROR(input_.Backward(step, gradient->factor(), gradient->values(), gradients));
    PL_RETURN_IF_ERROR(done(kInputWeight));
    return done(kInputBias);
  }

 private:
  uint32_t units() const { return tables_[kInputWeight].dim(); }

  // The input layer where others stand on it.
  absl::Status Hidden(const GpuStep& step) {
    const uint64_t n = step.batch->n();
    PL_RETURN_IF_ERROR(z_.Reserve(n * units() * sizeof(float)));
    PL_RETURN_IF_ERROR(a_.Reserve(products_, n * units()));
    PL_RETURN_IF_ERROR(input_.Forward(step, z_.as<float>()));
    return gpu::ToStatus(gpu::BiasActivation(activation_, n, units(), step.tables->rows(kInputBias),
                                             z_.as<float>(), a_.values(), a_.half(),
                                             step.stream->get()));
  }

  const BatchForm form_;
  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
  const gpu::ActivationKind activation_;
  const Products products_;
  // The layer that meets the data, and those above it; alone it is linear.
  GpuInputLayer input_;
  std::optional<GpuDenseLayers> upper_;
  // Of the input layer below others, [n, units]: before and after the activation, and the
  // gradient of the former.
  gpu::DeviceBuffer z_;
  FactorBuffer a_;
  FactorBuffer z_gradient_;
  // [n, classes]
  FactorBuffer score_gradient_;
};

}  // namespace

std::unique_ptr<GpuModel> CreateGpuMlpModel(const GpuModelOptions& options,
                                            gpu::ActivationKind activation) {
  return std::make_unique<GpuMlpModel>(options, activation);
}

}  // namespace paceline::worker

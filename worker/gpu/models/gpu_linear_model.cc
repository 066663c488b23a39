#include "worker/gpu/models/gpu_linear_model.h"

#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/losses.h"
#include "worker/gpu/models/gpu_input_layer.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/point_loss.h"

namespace paceline::worker {
namespace {

constexpr int kBias = 0;
constexpr int kWeight = 1;

class GpuLinearModel final : public GpuModel {
 public:
  GpuLinearModel(const GpuModelOptions& options, v1::Loss loss)
      : form_{.keyed = options.tables[kWeight].kind() == v1::TABLE_KIND_SPARSE,
              .grouped = options.deterministic},
        tables_(options.tables),
        features_(options.features),
        loss_(loss),
        products_(options.gpu, options.precision),
        layer_(options.gpu, kWeight, options.features, 1, options.deterministic, products_),
        z_(options.gpu, "outputs"),
        z_gradient_(options.gpu, "gradients of outputs"),
        z_gradient_half_(options.gpu, "rounded gradients of outputs") {}

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return 1; }

  absl::Status Check(const Batch& batch, const Parameters& parameters) const override {
    PL_RETURN_IF_ERROR(CheckLabels(loss_, batch.labels));
    return CheckKeysOfDense(tables_[kWeight], batch, parameters[kWeight].keys, features_);
  }

  absl::Status Forward(const GpuStep& step) override {
    const uint64_t n = step.batch->n();
    PL_RETURN_IF_ERROR(z_.Reserve(n * sizeof(float)));
    PL_RETURN_IF_ERROR(z_gradient_.Reserve(n * sizeof(float)));
    PL_RETURN_IF_ERROR(layer_.Forward(step, z_.as<float>()));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::BiasActivation(
        gpu::ActivationKind::kNone, n, 1, step.tables->rows(kBias), z_.as<float>(),
        /*a=*/nullptr, gpu::HalfOut{}, step.stream->get())));
    const auto kind =
        loss_ == v1::LOSS_SQUARED ? gpu::PointLossKind::kSquared : gpu::PointLossKind::kLogistic;
    return gpu::ToStatus(gpu::PointLoss(kind, n, z_.as<float>(), step.batch->labels(),
                                        step.scale * step.loss_scale, step.scores, step.losses,
                                        z_gradient_.as<float>(), step.stream->get()));
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    const uint64_t n = step.batch->n();
    auto* const z_gradient = z_gradient_.as<float>();
    // Before the layer takes the loss scale away.
    PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(kBias, 1));
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::ColumnSums(n, 1, z_gradient, 1 / step.loss_scale, bias, step.stream->get())));
    PL_ASSIGN_OR_RETURN(const Factor factor,
                        products_.Round(z_gradient, n, &z_gradient_half_, *step.stream));
    PL_RETURN_IF_ERROR(layer_.Backward(step, factor, z_gradient, gradients));
    PL_RETURN_IF_ERROR(done(kWeight));
    return done(kBias);
  }

 private:
  const BatchForm form_;
  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
  const v1::Loss loss_;
  const Products products_;
  GpuInputLayer layer_;
  gpu::DeviceBuffer z_;
  gpu::DeviceBuffer z_gradient_;
  gpu::DeviceBuffer z_gradient_half_;
};

}  // namespace

std::unique_ptr<GpuModel> CreateGpuLinearModel(const GpuModelOptions& options, v1::Loss loss) {
  return std::make_unique<GpuLinearModel>(options, loss);
}

}  // namespace paceline::worker

#include "worker/gpu/models/gpu_mlp_model.h"

#include <utility>
#include <vector>

#include "common/status/status_macros.h"
#include "worker/core/models/checks.h"
#include "worker/gpu/models/gpu_input_layer.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/softmax_cross_entropy.h"

namespace paceline::worker {
namespace {

// What a layer keeps on the device between forward and backward.
struct Layer {
  explicit Layer(gpu::Gpu* gpu)
      : z(gpu, "outputs of a layer"),
        a(gpu, "activations of a layer"),
        a_half(gpu, "rounded activations of a layer"),
        weight_half(gpu, "rounded weights of a layer"),
        z_gradient(gpu, "gradients of a layer's outputs"),
        z_gradient_half(gpu, "rounded gradients of a layer's outputs") {}

  // [n, units]; `a` only where the activation is not kept in z's place.
  gpu::DeviceBuffer z;
  gpu::DeviceBuffer a;
  gpu::DeviceBuffer a_half;
  // Of the layer above.
  gpu::DeviceBuffer weight_half;
  gpu::DeviceBuffer z_gradient;
  gpu::DeviceBuffer z_gradient_half;
  Factor activation;
  Factor weight;
  Factor gradient;
};

class GpuMlpModel final : public GpuModel {
 public:
  GpuMlpModel(const GpuModelOptions& options, gpu::ActivationKind activation)
      : gpu_(options.gpu),
        form_{.keyed = options.tables[WeightOf(0)].kind() == v1::TABLE_KIND_SPARSE,
              .grouped = options.deterministic},
        tables_(options.tables),
        features_(options.features),
        activation_(activation),
        products_(options.gpu, options.precision),
        input_(options.gpu, WeightOf(0), options.features, tables_[WeightOf(0)].dim(),
               options.deterministic, products_) {
    for (size_t l = 0; l < tables_.size() / 2; ++l) layers_.emplace_back(gpu_);
  }

  const BatchForm& form() const override { return form_; }
  uint32_t width() const override { return OutputsOf(last()); }

  absl::Status Check(const Batch& batch, const Parameters& parameters) const override {
    PL_RETURN_IF_ERROR(CheckClassLabels(batch.labels, width()));
    return CheckKeysOfDense(tables_[WeightOf(0)], batch, parameters[WeightOf(0)].keys, features_);
  }

  absl::Status Forward(const GpuStep& step) override {
    for (int l = 0; l < last(); ++l) PL_RETURN_IF_ERROR(Hidden(step, l));
    const uint64_t n = step.batch->n();
    Layer& layer = layers_.back();
    PL_RETURN_IF_ERROR(Linear(step, last(), step.scores));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::BiasActivation(
        gpu::ActivationKind::kNone, n, width(), step.tables->rows(BiasOf(last())), step.scores,
        /*a=*/nullptr, gpu::HalfOut{}, step.stream->get())));
    PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, PlaceGradient(n, last()));
    return gpu::ToStatus(gpu::SoftmaxCrossEntropy(
        n, width(), step.batch->labels(), step.scale * step.loss_scale, step.scores, step.losses,
        layer.z_gradient.as<float>(), half, step.stream->get()));
  }

  absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done) override {
    for (int l = last(); l >= 0; --l) {
      PL_RETURN_IF_ERROR(BiasGradient(step, l, gradients));
      // The input layer takes the loss scale away: nobody needs its gradient after it.
      PL_RETURN_IF_ERROR(WeightGradient(step, l, gradients));
      PL_RETURN_IF_ERROR(done(WeightOf(l)));
      PL_RETURN_IF_ERROR(done(BiasOf(l)));
      if (l > 0) PL_RETURN_IF_ERROR(Descend(step, l));
    }
    return absl::OkStatus();
  }

 private:
  static int BiasOf(int layer) { return 2 * layer; }
  static int WeightOf(int layer) { return 2 * layer + 1; }
  uint32_t OutputsOf(int layer) const { return tables_[WeightOf(layer)].dim(); }
  int last() const { return static_cast<int>(layers_.size()) - 1; }

  absl::Status Hidden(const GpuStep& step, int l) {
    Layer& layer = layers_[l];
    const uint64_t n = step.batch->n();
    const uint64_t values = n * OutputsOf(l);
    PL_RETURN_IF_ERROR(layer.z.Reserve(values * sizeof(float)));
    PL_RETURN_IF_ERROR(layer.a.Reserve(values * sizeof(float)));
    PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, products_.RoundTo(&layer.a_half, values));
    PL_RETURN_IF_ERROR(Linear(step, l, layer.z.as<float>()));
    layer.activation = {layer.a.as<float>(), half.data};
    return gpu::ToStatus(gpu::BiasActivation(activation_, n, OutputsOf(l),
                                             step.tables->rows(BiasOf(l)), layer.z.as<float>(),
                                             layer.a.as<float>(), half, step.stream->get()));
  }

  // z = a * weight of one layer.
  absl::Status Linear(const GpuStep& step, int l, float* z) {
    if (l == 0) return input_.Forward(step, z);
    Layer& layer = layers_[l];
    PL_ASSIGN_OR_RETURN(layer.weight, products_.Round(step.tables->rows(WeightOf(l)),
                                                      step.tables->value_count(WeightOf(l)),
                                                      &layer.weight_half, *step.stream));
    return products_.Multiply({.m = step.batch->n(), .n = OutputsOf(l), .k = OutputsOf(l - 1)},
                              layers_[l - 1].activation, layer.weight, 1, z, *step.stream);
  }

  absl::StatusOr<gpu::HalfOut> PlaceGradient(uint64_t n, int l) {
    Layer& layer = layers_[l];
    const uint64_t values = n * OutputsOf(l);
    PL_RETURN_IF_ERROR(layer.z_gradient.Reserve(values * sizeof(float)));
    PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, products_.RoundTo(&layer.z_gradient_half, values));
    layer.gradient = {layer.z_gradient.as<float>(), half.data};
    return half;
  }

  absl::Status BiasGradient(const GpuStep& step, int l, DeviceGradients* gradients) {
    PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(BiasOf(l), OutputsOf(l)));
    return gpu::ToStatus(gpu::ColumnSums(step.batch->n(), OutputsOf(l),
                                         layers_[l].z_gradient.as<float>(), 1 / step.loss_scale,
                                         bias, step.stream->get()));
  }

  absl::Status WeightGradient(const GpuStep& step, int l, DeviceGradients* gradients) {
    Layer& layer = layers_[l];
    if (l == 0) {
      return input_.Backward(step, layer.gradient, layer.z_gradient.as<float>(), gradients);
    }
    PL_ASSIGN_OR_RETURN(float* const weight,
                        gradients->Place(WeightOf(l), step.tables->value_count(WeightOf(l))));
    return products_.Multiply(
        {.transpose_a = true, .m = OutputsOf(l - 1), .n = OutputsOf(l), .k = step.batch->n()},
        layers_[l - 1].activation, layer.gradient, 1 / step.loss_scale, weight, *step.stream);
  }

  // The gradient of the z of the layer below.
  absl::Status Descend(const GpuStep& step, int l) {
    const uint64_t n = step.batch->n();
    Layer& below = layers_[l - 1];
    PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, PlaceGradient(n, l - 1));
    PL_RETURN_IF_ERROR(products_.Multiply(
        {.transpose_b = true, .m = n, .n = OutputsOf(l - 1), .k = OutputsOf(l)},
        layers_[l].gradient, layers_[l].weight, 1, below.z_gradient.as<float>(), *step.stream));
    return gpu::ToStatus(gpu::ActivationGradient(activation_, n * OutputsOf(l - 1),
                                                 below.z.as<float>(), below.z_gradient.as<float>(),
                                                 half, step.stream->get()));
  }

  gpu::Gpu* const gpu_;
  const BatchForm form_;
  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
  const gpu::ActivationKind activation_;
  const Products products_;
  GpuInputLayer input_;
  std::vector<Layer> layers_;
};

}  // namespace

std::unique_ptr<GpuModel> CreateGpuMlpModel(const GpuModelOptions& options,
                                            gpu::ActivationKind activation) {
  return std::make_unique<GpuMlpModel>(options, activation);
}

}  // namespace paceline::worker

#include "worker/gpu/models/cnn/gpu_dense_layers.h"

#include "common/status/status_macros.h"
#include "worker/core/models/dropout.h"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_sums.h"

namespace paceline::worker {

GpuDenseLayers::Layer::Layer(gpu::Gpu* gpu)
    : z(gpu, "outputs of a layer"),
      a(gpu, "activations of a layer"),
      a_half(gpu, "rounded activations of a layer"),
      weight_half(gpu, "rounded weights of a layer"),
      z_gradient(gpu, "gradients of a layer's outputs"),
      z_gradient_half(gpu, "rounded gradients of a layer's outputs") {}

GpuDenseLayers::GpuDenseLayers(gpu::Gpu* gpu, const std::vector<v1::TableSpec>& tables,
                               int first_table, int layers, gpu::ActivationKind activation,
                               double dropout, uint64_t seed, const Products& products)
    : gpu_(gpu),
      first_table_(first_table),
      activation_(activation),
      dropout_(dropout),
      seed_(seed),
      products_(products),
      in_half_(gpu, "rounded inputs of a layer") {
  widths_.push_back(tables[static_cast<size_t>(WeightOf(0))].rows());
  for (int layer = 0; layer < layers; ++layer) {
    widths_.push_back(tables[static_cast<size_t>(BiasOf(layer))].dim());
    layers_.emplace_back(gpu_);
  }
}

uint64_t GpuDenseLayers::ValuesPerSample() const {
  uint64_t values = 0;
  for (int layer = 0; layer < last(); ++layer) values += 2 * widths_[layer + 1];
  return values + widths_.back();
}

absl::Status GpuDenseLayers::Forward(const GpuStep& step, uint64_t n, const float* in, float* out) {
  PL_ASSIGN_OR_RETURN(layers_[0].in, products_.Round(in, n * widths_[0], &in_half_, *step.stream));
  for (int l = 0; l <= last(); ++l) {
    Layer& layer = layers_[l];
    const uint64_t outputs = widths_[l + 1];
    if (l < last()) PL_RETURN_IF_ERROR(layer.z.Reserve(n * outputs * sizeof(float)));
    PL_ASSIGN_OR_RETURN(layer.weight, products_.Round(step.tables->rows(WeightOf(l)),
                                                      step.tables->value_count(WeightOf(l)),
                                                      &layer.weight_half, *step.stream));
    PL_RETURN_IF_ERROR(products_.Multiply({.m = n, .n = outputs, .k = widths_[l]}, layer.in,
                                          layer.weight, 1, l < last() ? layer.z.as<float>() : out,
                                          *step.stream));
    if (l < last()) PL_RETURN_IF_ERROR(Activate(step, n, l));
  }
  return gpu::ToStatus(gpu::BiasActivation(gpu::ActivationKind::kNone, n, widths_.back(),
                                           step.tables->rows(BiasOf(last())), out, /*a=*/nullptr,
                                           gpu::HalfOut{}, step.stream->get()));
}

absl::StatusOr<GpuDenseLayers::Gradient> GpuDenseLayers::PlaceGradient(uint64_t n) {
  return PlaceGradientOf(n, last());
}

absl::Status GpuDenseLayers::Backward(const GpuStep& step, uint64_t n, float* in_gradient,
                                      DeviceGradients* gradients,
                                      const std::function<absl::Status(int table)>& done) {
  const gpu::StreamHandle stream = step.stream->get();
  for (int l = last(); l >= 0; --l) {
    const Layer& layer = layers_[l];
    const uint64_t inputs = widths_[l];
    const uint64_t outputs = widths_[l + 1];
    PL_ASSIGN_OR_RETURN(float* const weight, gradients->Place(WeightOf(l), inputs * outputs));
    PL_RETURN_IF_ERROR(products_.Multiply({.transpose_a = true, .m = inputs, .n = outputs, .k = n},
                                          layer.in, layer.gradient, 1 / step.loss_scale, weight,
                                          *step.stream));
    PL_RETURN_IF_ERROR(done(WeightOf(l)));
    PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(BiasOf(l), outputs));
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::ColumnSums(n, outputs, layer.gradient.float32, 1 / step.loss_scale, bias, stream)));
    PL_RETURN_IF_ERROR(done(BiasOf(l)));
    Gradient below{in_gradient, gpu::HalfOut{}};
    if (l > 0) {
      PL_ASSIGN_OR_RETURN(below, PlaceGradientOf(n, l - 1));
    }
    PL_RETURN_IF_ERROR(products_.Multiply({.transpose_b = true, .m = n, .n = inputs, .k = outputs},
                                          layer.gradient, layer.weight, 1, below.values,
                                          *step.stream));
    if (l == 0) return absl::OkStatus();
    const gpu::DropoutMask mask = MaskOf(step, l - 1);
    if (mask.dropped_of_65536 > 0) {
      PL_RETURN_IF_ERROR(gpu::ToStatus(
          gpu::Dropped(n * inputs, mask, below.values, below.values, gpu::HalfOut{}, stream)));
    }
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ActivationGradient(
        activation_, n * inputs, layers_[l - 1].z.as<float>(), below.values, below.half, stream)));
  }
  return absl::OkStatus();
}

gpu::DropoutMask GpuDenseLayers::MaskOf(const GpuStep& step, int layer) const {
  const Dropout dropout(step.training ? dropout_ : 0, seed_, step.rank, step.iteration);
  return {.seed = dropout.seed(),
          .stream = dropout.StreamOf(static_cast<uint64_t>(layer)),
          .dropped_of_65536 = dropout.dropped_of_65536(),
          .first = 0};
}

absl::Status GpuDenseLayers::Activate(const GpuStep& step, uint64_t n, int l) {
  Layer& layer = layers_[l];
  const uint64_t values = n * widths_[l + 1];
  PL_RETURN_IF_ERROR(layer.a.Reserve(values * sizeof(float)));
  PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, products_.RoundTo(&layer.a_half, values));
  const gpu::DropoutMask mask = MaskOf(step, l);
  const bool drops = mask.dropped_of_65536 > 0;
  auto* const a = layer.a.as<float>();
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::BiasActivation(
      activation_, n, widths_[l + 1], step.tables->rows(BiasOf(l)), layer.z.as<float>(), a,
      drops ? gpu::HalfOut{} : half, step.stream->get())));
  layers_[l + 1].in = {a, half.data};
  if (!drops) return absl::OkStatus();
  return gpu::ToStatus(gpu::Dropped(values, mask, a, a, half, step.stream->get()));
}

absl::StatusOr<GpuDenseLayers::Gradient> GpuDenseLayers::PlaceGradientOf(uint64_t n, int l) {
  Layer& layer = layers_[l];
  const uint64_t values = n * widths_[l + 1];
  PL_RETURN_IF_ERROR(layer.z_gradient.Reserve(values * sizeof(float)));
  PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, products_.RoundTo(&layer.z_gradient_half, values));
  layer.gradient = {layer.z_gradient.as<float>(), half.data};
  return Gradient{layer.z_gradient.as<float>(), half};
}

}  // namespace paceline::worker

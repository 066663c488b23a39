#include "worker/gpu/models/gpu_deep_part.h"

#include <cstddef>

#include "common/status/status_macros.h"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_sums.h"

namespace paceline::worker {

GpuDeepPart::Layer::Layer(gpu::Gpu* gpu)
    : weight_half(gpu, "rounded weights of a layer"),
      z(gpu, "outputs of a layer"),
      a(gpu, "activations of a layer"),
      a_half(gpu, "rounded activations of a layer"),
      z_gradient(gpu, "gradients of a layer's outputs"),
      z_gradient_half(gpu, "rounded gradients of a layer's outputs") {}

GpuDeepPart::GpuDeepPart(gpu::Gpu* gpu, const std::vector<v1::TableSpec>& tables, int first_table,
                         int layers, gpu::ActivationKind activation, const Products& products)
    : first_table_(first_table), activation_(activation), products_(products) {
  widths_.push_back(tables[static_cast<size_t>(WeightOf(0))].rows());
  for (int l = 0; l < layers; ++l) {
    widths_.push_back(tables[static_cast<size_t>(BiasOf(l))].dim());
    layers_.emplace_back(gpu);
  }
}

absl::Status GpuDeepPart::Forward(const GpuStep& step, const Factor& x, float* z) {
  layers_.front().in = x;
  for (int l = 0; l < last(); ++l) {
    PL_ASSIGN_OR_RETURN(layers_[l + 1].in, Hidden(step, l));
  }
  PL_RETURN_IF_ERROR(Linear(step, last(), z));
  return gpu::ToStatus(gpu::BiasActivation(gpu::ActivationKind::kNone, step.batch->n(),
                                           widths_.back(), step.tables->rows(BiasOf(last())), z,
                                           /*a=*/nullptr, gpu::HalfOut{}, step.stream->get()));
}

absl::Status GpuDeepPart::Backward(const GpuStep& step, const Factor& z_gradient,
                                   DeviceGradients* gradients,
                                   const std::function<absl::Status(int table)>& done,
                                   float* x_gradient) {
  Factor gradient = z_gradient;
  for (int l = last(); l >= 0; --l) {
    PL_RETURN_IF_ERROR(TableGradients(step, l, gradient, gradients));
    PL_RETURN_IF_ERROR(done(WeightOf(l)));
    PL_RETURN_IF_ERROR(done(BiasOf(l)));
    if (l == 0) break;
    PL_ASSIGN_OR_RETURN(gradient, Descend(step, l, gradient));
  }
  return InputGradient(step, 0, gradient, x_gradient);
}

absl::StatusOr<Factor> GpuDeepPart::Hidden(const GpuStep& step, int l) {
  Layer& layer = layers_[l];
  const uint64_t n = step.batch->n();
  const uint64_t units = widths_[l + 1];
  PL_RETURN_IF_ERROR(layer.z.Reserve(n * units * sizeof(float)));
  PL_RETURN_IF_ERROR(layer.a.Reserve(n * units * sizeof(float)));
  PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, products_.RoundTo(&layer.a_half, n * units));
  PL_RETURN_IF_ERROR(Linear(step, l, layer.z.as<float>()));
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::BiasActivation(activation_, n, units, step.tables->rows(BiasOf(l)), layer.z.as<float>(),
                          layer.a.as<float>(), half, step.stream->get())));
  return Factor{layer.a.as<float>(), half.data};
}

absl::Status GpuDeepPart::Linear(const GpuStep& step, int l, float* z) {
  Layer& layer = layers_[l];
  PL_ASSIGN_OR_RETURN(layer.weight,
                      products_.Round(step.tables->rows(WeightOf(l)), widths_[l] * widths_[l + 1],
                                      &layer.weight_half, *step.stream));
  return products_.Multiply({.m = step.batch->n(), .n = widths_[l + 1], .k = widths_[l]}, layer.in,
                            layer.weight, 1, z, *step.stream);
}

absl::Status GpuDeepPart::TableGradients(const GpuStep& step, int l, const Factor& z_gradient,
                                         DeviceGradients* gradients) {
  const uint64_t n = step.batch->n();
  const uint64_t inputs = widths_[l];
  const uint64_t outputs = widths_[l + 1];
  PL_ASSIGN_OR_RETURN(float* const weight, gradients->Place(WeightOf(l), inputs * outputs));
  PL_RETURN_IF_ERROR(products_.Multiply({.transpose_a = true, .m = inputs, .n = outputs, .k = n},
                                        layers_[l].in, z_gradient, 1 / step.loss_scale, weight,
                                        *step.stream));
  PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(BiasOf(l), outputs));
  return gpu::ToStatus(gpu::ColumnSums(n, outputs, z_gradient.float32, 1 / step.loss_scale, bias,
                                       step.stream->get()));
}

absl::StatusOr<Factor> GpuDeepPart::Descend(const GpuStep& step, int l, const Factor& z_gradient) {
  Layer& below = layers_[l - 1];
  const uint64_t values = step.batch->n() * widths_[l];
  PL_RETURN_IF_ERROR(below.z_gradient.Reserve(values * sizeof(float)));
  PL_ASSIGN_OR_RETURN(const gpu::HalfOut half, products_.RoundTo(&below.z_gradient_half, values));
  PL_RETURN_IF_ERROR(InputGradient(step, l, z_gradient, below.z_gradient.as<float>()));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ActivationGradient(activation_, values, below.z.as<float>(),
                                                           below.z_gradient.as<float>(), half,
                                                           step.stream->get())));
  return Factor{below.z_gradient.as<float>(), half.data};
}

absl::Status GpuDeepPart::InputGradient(const GpuStep& step, int l, const Factor& z_gradient,
                                        float* gradient) const {
  return products_.Multiply(
      {.transpose_b = true, .m = step.batch->n(), .n = widths_[l], .k = widths_[l + 1]}, z_gradient,
      layers_[l].weight, 1, gradient, *step.stream);
}

}  // namespace paceline::worker

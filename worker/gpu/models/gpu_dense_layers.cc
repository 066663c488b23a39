#include "worker/gpu/models/gpu_dense_layers.h"

#include <cstddef>

#include "common/status/status_macros.h"
#include "worker/core/models/dropout.h"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/column_sums.h"

namespace paceline::worker {

GpuDenseLayers::Layer::Layer(gpu::Gpu* gpu)
    : weight_half(gpu, "rounded weights of a layer"),
      z(gpu, "outputs of a layer"),
      a(gpu, "activations of a layer"),
      z_gradient(gpu, "gradients of a layer's outputs") {}

GpuDenseLayers::GpuDenseLayers(gpu::Gpu* gpu, const std::vector<v1::TableSpec>& tables,
                               int first_table, int layers, gpu::ActivationKind activation,
                               const Products& products, double dropout, uint64_t seed)
    : first_table_(first_table),
      activation_(activation),
      products_(products),
      dropout_(dropout),
      seed_(seed) {
  widths_.push_back(tables[static_cast<size_t>(WeightOf(0))].rows());
  for (int l = 0; l < layers; ++l) {
    widths_.push_back(tables[static_cast<size_t>(BiasOf(l))].dim());
    layers_.emplace_back(gpu);
  }
}

uint64_t GpuDenseLayers::ValuesPerSample() const {
  uint64_t values = 0;
  for (int l = 0; l < last(); ++l) values += 2 * widths_[l + 1];
  return values + widths_.back();
}

absl::Status GpuDenseLayers::Forward(const GpuStep& step, uint64_t n, const Factor& x, float* z) {
  layers_.front().in = x;
  for (int l = 0; l < last(); ++l) {
    PL_ASSIGN_OR_RETURN(layers_[l + 1].in, Hidden(step, n, l));
  }
  PL_RETURN_IF_ERROR(Linear(step, n, last(), z));
  return gpu::ToStatus(gpu::BiasActivation(gpu::ActivationKind::kNone, n, widths_.back(),
                                           step.tables->rows(BiasOf(last())), z, /*a=*/nullptr,
                                           gpu::HalfOut{}, step.stream->get()));
}

absl::Status GpuDenseLayers::Backward(const GpuStep& step, uint64_t n, const Factor& z_gradient,
                                      DeviceGradients* gradients,
                                      const std::function<absl::Status(int table)>& done,
                                      float* x_gradient) {
  Factor gradient = z_gradient;
  for (int l = last(); l >= 0; --l) {
    PL_RETURN_IF_ERROR(TableGradients(step, n, l, gradient, gradients));
    PL_RETURN_IF_ERROR(done(WeightOf(l)));
    PL_RETURN_IF_ERROR(done(BiasOf(l)));
    if (l == 0) break;
    PL_ASSIGN_OR_RETURN(gradient, Descend(step, n, l, gradient));
  }
  return InputGradient(step, n, 0, gradient, x_gradient);
}

gpu::DropoutMask GpuDenseLayers::MaskOf(const GpuStep& step, int layer) const {
  const Dropout dropout(step.training ? dropout_ : 0, seed_, step.rank, step.iteration);
  return {.seed = dropout.seed(),
          .stream = dropout.StreamOf(static_cast<uint64_t>(layer)),
          .dropped_of_65536 = dropout.dropped_of_65536(),
          .first = 0};
}

absl::Status GpuDenseLayers::Linear(const GpuStep& step, uint64_t n, int l, float* z) {
  Layer& layer = layers_[l];
  PL_ASSIGN_OR_RETURN(layer.weight,
                      products_.Round(step.tables->rows(WeightOf(l)), widths_[l] * widths_[l + 1],
                                      &layer.weight_half, *step.stream));
  return products_.Multiply({.m = n, .n = widths_[l + 1], .k = widths_[l]}, layer.in, layer.weight,
                            1, z, *step.stream);
}

absl::StatusOr<Factor> GpuDenseLayers::Hidden(const GpuStep& step, uint64_t n, int l) {
  Layer& layer = layers_[l];
  const uint64_t units = widths_[l + 1];
  const uint64_t values = n * units;
  PL_RETURN_IF_ERROR(layer.z.Reserve(values * sizeof(float)));
  PL_RETURN_IF_ERROR(layer.a.Reserve(products_, values));
  PL_RETURN_IF_ERROR(Linear(step, n, l, layer.z.as<float>()));
  const gpu::DropoutMask mask = MaskOf(step, l);
  const bool drops = mask.dropped_of_65536 > 0;
  float* const a = layer.a.values();
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::BiasActivation(activation_, n, units, step.tables->rows(BiasOf(l)), layer.z.as<float>(),
                          a, drops ? gpu::HalfOut{} : layer.a.half(), step.stream->get())));
  if (drops) {
    PL_RETURN_IF_ERROR(
        gpu::ToStatus(gpu::Dropped(values, mask, a, a, layer.a.half(), step.stream->get())));
  }
  return layer.a.factor();
}

absl::Status GpuDenseLayers::TableGradients(const GpuStep& step, uint64_t n, int l,
                                            const Factor& z_gradient, DeviceGradients* gradients) {
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

absl::Status GpuDenseLayers::InputGradient(const GpuStep& step, uint64_t n, int l,
                                           const Factor& z_gradient, float* gradient) const {
  return products_.Multiply({.transpose_b = true, .m = n, .n = widths_[l], .k = widths_[l + 1]},
                            z_gradient, layers_[l].weight, 1, gradient, *step.stream);
}

absl::StatusOr<Factor> GpuDenseLayers::Descend(const GpuStep& step, uint64_t n, int l,
                                               const Factor& z_gradient) {
  Layer& below = layers_[l - 1];
  const uint64_t values = n * widths_[l];
  PL_RETURN_IF_ERROR(below.z_gradient.Reserve(products_, values));
  float* const gradient = below.z_gradient.values();
  PL_RETURN_IF_ERROR(InputGradient(step, n, l, z_gradient, gradient));
  const gpu::DropoutMask mask = MaskOf(step, l - 1);
  if (mask.dropped_of_65536 > 0) {
    PL_RETURN_IF_ERROR(gpu::ToStatus(
        gpu::Dropped(values, mask, gradient, gradient, gpu::HalfOut{}, step.stream->get())));
  }
  PL_RETURN_IF_ERROR(
      gpu::ToStatus(gpu::ActivationGradient(activation_, values, below.z.as<float>(), gradient,
                                            below.z_gradient.half(), step.stream->get())));
  return below.z_gradient.factor();
}

}  // namespace paceline::worker

#include "worker/gpu/models/ctr/gpu_cross_part.h"

#include "common/status/status_macros.h"
#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/cross_layer.h"
#include "worker/gpu/ops/cross_layer_gradient.h"

namespace paceline::worker {

GpuCrossPart::Layer::Layer(gpu::Gpu* gpu)
    : weight_half(gpu, "rounded weights of a cross layer"),
      u(gpu, "products of a cross layer"),
      out(gpu, "values of a cross layer") {}

GpuCrossPart::GpuCrossPart(gpu::Gpu* gpu, int first_table, int layers, int output_table,
                           uint64_t width, const Products& products)
    : first_table_(first_table),
      output_table_(output_table),
      width_(width),
      products_(products),
      output_half_(gpu, "rounded weights of the output"),
      gradient_(gpu, "gradients of a cross layer's values"),
      u_gradient_(gpu, "gradients of a cross layer's products") {
  for (int l = 0; l < layers; ++l) layers_.emplace_back(gpu);
}

absl::Status GpuCrossPart::Forward(const GpuStep& step, const Factor& x, float* z) {
  crossed_ = x;
  for (int l = 0; l < static_cast<int>(layers_.size()); ++l) {
    layers_[l].in = crossed_;
    PL_ASSIGN_OR_RETURN(crossed_, Cross(step, l));
  }
  PL_ASSIGN_OR_RETURN(output_, products_.Round(step.tables->rows(output_table_), width_,
                                               &output_half_, *step.stream));
  return products_.Multiply({.m = step.batch->n(), .n = 1, .k = width_, .add = true}, crossed_,
                            output_, 1, z, *step.stream);
}

absl::Status GpuCrossPart::Backward(const GpuStep& step, const Factor& z_gradient,
                                    DeviceGradients* gradients,
                                    const std::function<absl::Status(int table)>& done,
                                    float* x_gradient) {
  const uint64_t n = step.batch->n();
  PL_RETURN_IF_ERROR(OutputGradient(step, z_gradient, gradients));
  PL_RETURN_IF_ERROR(done(output_table_));
  PL_RETURN_IF_ERROR(gradient_.Reserve(n * width_ * sizeof(float)));
  PL_RETURN_IF_ERROR(products_.Multiply({.m = n, .n = width_, .k = 1}, z_gradient, output_, 1,
                                        gradient_.as<float>(), *step.stream));
  for (int l = static_cast<int>(layers_.size()) - 1; l >= 0; --l) {
    PL_ASSIGN_OR_RETURN(const Factor u_gradient, Uncross(step, l, x_gradient));
    PL_RETURN_IF_ERROR(TableGradients(step, l, u_gradient, gradients));
    PL_RETURN_IF_ERROR(done(WeightOf(l)));
    PL_RETURN_IF_ERROR(done(BiasOf(l)));
    // The first layer's input is x. What goes past the layer is there already.
    PL_RETURN_IF_ERROR(products_.Multiply(
        {.transpose_b = true, .m = n, .n = width_, .k = width_, .add = true}, u_gradient,
        layers_[l].weight, 1, l == 0 ? x_gradient : gradient_.as<float>(), *step.stream));
  }
  return absl::OkStatus();
}

absl::StatusOr<Factor> GpuCrossPart::Cross(const GpuStep& step, int l) {
  Layer& layer = layers_[l];
  const uint64_t n = step.batch->n();
  PL_RETURN_IF_ERROR(layer.u.Reserve(n * width_ * sizeof(float)));
  PL_RETURN_IF_ERROR(layer.out.Reserve(products_, n * width_));
  PL_ASSIGN_OR_RETURN(layer.weight, products_.Round(step.tables->rows(WeightOf(l)), width_ * width_,
                                                    &layer.weight_half, *step.stream));
  PL_RETURN_IF_ERROR(products_.Multiply({.m = n, .n = width_, .k = width_}, layer.in, layer.weight,
                                        1, layer.u.as<float>(), *step.stream));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::CrossLayer(
      n, width_, step.tables->rows(BiasOf(l)), layers_.front().in.float32, layer.in.float32,
      layer.u.as<float>(), layer.out.values(), layer.out.half(), step.stream->get())));
  return layer.out.factor();
}

absl::Status GpuCrossPart::OutputGradient(const GpuStep& step, const Factor& z_gradient,
                                          DeviceGradients* gradients) {
  PL_ASSIGN_OR_RETURN(float* const output, gradients->Place(output_table_, width_));
  return products_.Multiply({.transpose_a = true, .m = width_, .n = 1, .k = step.batch->n()},
                            crossed_, z_gradient, 1 / step.loss_scale, output, *step.stream);
}

absl::StatusOr<Factor> GpuCrossPart::Uncross(const GpuStep& step, int l, float* x_gradient) {
  const uint64_t values = step.batch->n() * width_;
  PL_RETURN_IF_ERROR(u_gradient_.Reserve(products_, values));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::CrossLayerGradient(
      values, /*first=*/l == 0, gradient_.as<float>(), layers_.front().in.float32,
      layers_[l].u.as<float>(), u_gradient_.values(), u_gradient_.half(), x_gradient,
      step.stream->get())));
  return u_gradient_.factor();
}

absl::Status GpuCrossPart::TableGradients(const GpuStep& step, int l, const Factor& u_gradient,
                                          DeviceGradients* gradients) {
  const uint64_t n = step.batch->n();
  PL_ASSIGN_OR_RETURN(float* const weight, gradients->Place(WeightOf(l), width_ * width_));
  PL_RETURN_IF_ERROR(products_.Multiply({.transpose_a = true, .m = width_, .n = width_, .k = n},
                                        layers_[l].in, u_gradient, 1 / step.loss_scale, weight,
                                        *step.stream));
  PL_ASSIGN_OR_RETURN(float* const bias, gradients->Place(BiasOf(l), width_));
  return gpu::ToStatus(gpu::ColumnSums(n, width_, u_gradient.float32, 1 / step.loss_scale, bias,
                                       step.stream->get()));
}

}  // namespace paceline::worker

#include "worker/gpu/models/lm/gpu_norm_layer.h"

#include "common/status/status_macros.h"
#include "worker/gpu/models/lm/column_gradient.h"
#include "worker/gpu/ops/layer_norm.h"

namespace paceline::worker {

absl::Status GpuNormLayer::Forward(const GpuLmPass& pass, const float* x) {
  const uint64_t values = pass.rows() * width_;
  PL_RETURN_IF_ERROR(normal_.Reserve(values * sizeof(float)));
  PL_RETURN_IF_ERROR(inverse_.Reserve(pass.rows() * sizeof(float)));
  PL_RETURN_IF_ERROR(out_.Reserve(*pass.products, values));
  return gpu::ToStatus(gpu::LayerNorm(
      pass.rows(), width_, x, pass.table(tables_.gain), pass.table(tables_.bias),
      normal_.as<float>(), inverse_.as<float>(), out_.values(), out_.half(), pass.stream().get()));
}

absl::Status GpuNormLayer::Backward(const GpuLmPass& pass, const GpuLmGradients& gradients,
                                    float* dout, float* dx) {
  PL_RETURN_IF_ERROR(
      ColumnGradient(pass, gradients, tables_.bias, pass.rows(), width_, dout, scratch_));
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::LayerNormGradient(pass.rows(), width_, normal_.as<float>(), inverse_.as<float>(),
                             pass.table(tables_.gain), dout, dx, pass.stream().get())));
  PL_RETURN_IF_ERROR(
      ColumnGradient(pass, gradients, tables_.gain, pass.rows(), width_, dout, scratch_));
  PL_RETURN_IF_ERROR(gradients.Done(tables_.gain));
  return gradients.Done(tables_.bias);
}

}  // namespace paceline::worker

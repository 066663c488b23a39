#include "worker/gpu/models/lm/gpu_dense.h"

#include "common/status/status_macros.h"
#include "worker/gpu/models/lm/column_gradient.h"
#include "worker/gpu/ops/bias_activation.h"

namespace paceline::worker {

absl::Status GpuDense::Forward(const GpuLmPass& pass, const Factor& x, gpu::ActivationKind f,
                               float* y, float* a, gpu::HalfOut half) {
  PL_ASSIGN_OR_RETURN(weight_, pass.products->Round(pass.table(tables_.weight), inputs_ * outputs_,
                                                    &weight_rounded_, pass.stream()));
  PL_RETURN_IF_ERROR(pass.products->Multiply({.m = pass.rows(), .n = outputs_, .k = inputs_}, x,
                                             weight_, 1, y, pass.stream()));
  return gpu::ToStatus(gpu::BiasActivation(f, pass.rows(), outputs_, pass.table(tables_.bias), y, a,
                                           half, pass.stream().get()));
}

absl::Status GpuDense::Backward(const GpuLmPass& pass, const GpuLmGradients& gradients,
                                const Factor& x, const Factor& dy, float* dx) {
  PL_RETURN_IF_ERROR(pass.products->Multiply(
      {.transpose_a = true, .m = inputs_, .n = outputs_, .k = pass.rows(), .add = gradients.add}, x,
      dy, 1 / pass.step->loss_scale, gradients.table(tables_.weight), pass.stream()));
  PL_RETURN_IF_ERROR(gradients.Done(tables_.weight));
  PL_RETURN_IF_ERROR(
      ColumnGradient(pass, gradients, tables_.bias, pass.rows(), outputs_, dy.float32, scratch_));
  PL_RETURN_IF_ERROR(gradients.Done(tables_.bias));
  return pass.products->Multiply(
      {.transpose_b = true, .m = pass.rows(), .n = inputs_, .k = outputs_}, dy, weight_, 1, dx,
      pass.stream());
}

}  // namespace paceline::worker

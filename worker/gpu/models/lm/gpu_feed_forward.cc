#include "worker/gpu/models/lm/gpu_feed_forward.h"

#include "common/status/status_macros.h"
#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/dropped.h"

namespace paceline::worker {

GpuFeedForward::GpuFeedForward(gpu::Gpu* gpu, const LmShape& shape, uint64_t layer,
                               GpuLmScratch* scratch)
    : width_(shape.width),
      site_(2 * layer + 1),
      scratch_(scratch),
      norm_(gpu,
            {.gain = shape.Of(layer, BlockTable::kFeedNormGain),
             .bias = shape.Of(layer, BlockTable::kFeedNormBias)},
            shape.width, scratch),
      up_(gpu,
          {.weight = shape.Of(layer, BlockTable::kUpWeight),
           .bias = shape.Of(layer, BlockTable::kUpBias)},
          shape.width, 4 * shape.width, scratch),
      down_(gpu,
            {.weight = shape.Of(layer, BlockTable::kDownWeight),
             .bias = shape.Of(layer, BlockTable::kDownBias)},
            4 * shape.width, shape.width, scratch),
      z_(gpu, "values before gelu"),
      a_(gpu, "values after gelu") {}

absl::Status GpuFeedForward::Forward(const GpuLmPass& pass, float* x) {
  const uint64_t values = pass.rows() * width_;
  FactorBuffer& narrow = scratch_->narrow;
  PL_RETURN_IF_ERROR(norm_.Forward(pass, x));
  PL_RETURN_IF_ERROR(z_.Reserve(4 * values * sizeof(float)));
  PL_RETURN_IF_ERROR(a_.Reserve(*pass.products, 4 * values));
  PL_RETURN_IF_ERROR(up_.Forward(pass, norm_.out(), gpu::ActivationKind::kGelu, z_.as<float>(),
                                 a_.values(), a_.half()));
  PL_RETURN_IF_ERROR(narrow.Reserve(*pass.products, values));
  PL_RETURN_IF_ERROR(down_.Forward(pass, a_.factor(), narrow.values()));
  return gpu::ToStatus(
      gpu::AddDropped(values, pass.MaskOf(site_, width_), narrow.values(), x, pass.stream().get()));
}

absl::Status GpuFeedForward::Backward(const GpuLmPass& pass, const GpuLmGradients& gradients,
                                      float* dx) {
  const uint64_t values = pass.rows() * width_;
  const gpu::StreamHandle stream = pass.stream().get();
  FactorBuffer& narrow = scratch_->narrow;
  FactorBuffer& wide = scratch_->wide;
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::Dropped(values, pass.MaskOf(site_, width_), dx,
                                                narrow.values(), narrow.half(), stream)));
  PL_RETURN_IF_ERROR(down_.Backward(pass, gradients, a_.factor(), narrow.factor(), wide.values()));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::ActivationGradient(
      gpu::ActivationKind::kGelu, 4 * values, z_.as<float>(), wide.values(), wide.half(), stream)));
  PL_RETURN_IF_ERROR(up_.Backward(pass, gradients, norm_.out(), wide.factor(), narrow.values()));
  return norm_.Backward(pass, gradients, narrow.values(), dx);
}

}  // namespace paceline::worker

// The second half of a block on a GPU: x += dropout(down(gelu(up(norm(x))))).
#ifndef PACELINE_WORKER_GPU_MODELS_LM_GPU_FEED_FORWARD_H_
#define PACELINE_WORKER_GPU_MODELS_LM_GPU_FEED_FORWARD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/lm/gpu_dense.h"
#include "worker/gpu/models/lm/gpu_lm_pass.h"
#include "worker/gpu/models/lm/gpu_norm_layer.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Keeps what its backward pass needs of the newest chunk. Thread-compatible.
class GpuFeedForward {
 public:
  // `scratch` outlives the layer.
  GpuFeedForward(gpu::Gpu* gpu, const LmShape& shape, uint64_t layer, GpuLmScratch* scratch);

  // x [rows, width], in place.
  absl::Status Forward(const GpuLmPass& pass, float* x);

  // From the gradient of what Forward left to that of what it got, in place.
  absl::Status Backward(const GpuLmPass& pass, const GpuLmGradients& gradients, float* dx);

 private:
  const uint64_t width_;
  const uint64_t site_;
  GpuLmScratch* const scratch_;
  GpuNormLayer norm_;
  GpuDense up_;
  GpuDense down_;
  // [rows, 4 * width]: before and after gelu.
  gpu::DeviceBuffer z_;
  FactorBuffer a_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LM_GPU_FEED_FORWARD_H_

// A layer norm on a GPU with its tables, and what its backward pass needs to remember.
#ifndef PACELINE_WORKER_GPU_MODELS_LM_GPU_NORM_LAYER_H_
#define PACELINE_WORKER_GPU_MODELS_LM_GPU_NORM_LAYER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/lm/gpu_lm_pass.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Thread-compatible.
class GpuNormLayer {
 public:
  struct Tables {
    int gain = 0;
    int bias = 0;
  };

  // `scratch` outlives the layer.
  GpuNormLayer(gpu::Gpu* gpu, Tables tables, uint64_t width, GpuLmScratch* scratch)
      : tables_(tables),
        width_(width),
        scratch_(scratch),
        normal_(gpu, "normal rows"),
        inverse_(gpu, "inverse deviations"),
        out_(gpu, "results of a layer norm") {}

  // From x [rows, width] to out().
  absl::Status Forward(const GpuLmPass& pass, const float* x);

  // [rows, width], until the next Forward.
  Factor out() const { return out_.factor(); }

  // From the gradient of out(), which is spent: adds that of x to dx; and those of the tables.
  absl::Status Backward(const GpuLmPass& pass, const GpuLmGradients& gradients, float* dout,
                        float* dx);

 private:
  const Tables tables_;
  const uint64_t width_;
  GpuLmScratch* const scratch_;
  gpu::DeviceBuffer normal_;
  gpu::DeviceBuffer inverse_;
  FactorBuffer out_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LM_GPU_NORM_LAYER_H_

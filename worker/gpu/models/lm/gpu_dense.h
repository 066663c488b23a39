// A linear layer over rows on a GPU, with its tables:
//
//   y [rows, outputs] = x [rows, inputs] * weight [inputs, outputs] + bias [1, outputs]
#ifndef PACELINE_WORKER_GPU_MODELS_LM_GPU_DENSE_H_
#define PACELINE_WORKER_GPU_MODELS_LM_GPU_DENSE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "worker/gpu/models/lm/gpu_lm_pass.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/activation.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Thread-compatible.
class GpuDense {
 public:
  struct Tables {
    int weight = 0;
    int bias = 0;
  };

  // `scratch` outlives the layer.
  GpuDense(gpu::Gpu* gpu, Tables tables, uint64_t inputs, uint64_t outputs, GpuLmScratch* scratch)
      : tables_(tables),
        inputs_(inputs),
        outputs_(outputs),
        scratch_(scratch),
        weight_rounded_(gpu, "rounded weights") {}

  // y, and where f is an activation a = f(y), which `half` gets.
  absl::Status Forward(const GpuLmPass& pass, const Factor& x, gpu::ActivationKind f, float* y,
                       float* a, gpu::HalfOut half);
  absl::Status Forward(const GpuLmPass& pass, const Factor& x, float* y) {
    return Forward(pass, x, gpu::ActivationKind::kNone, y, nullptr, gpu::HalfOut{});
  }

  // From dy, the gradient of y, those of the tables and dx, that of x.
  absl::Status Backward(const GpuLmPass& pass, const GpuLmGradients& gradients, const Factor& x,
                        const Factor& dy, float* dx);

 private:
  const Tables tables_;
  const uint64_t inputs_;
  const uint64_t outputs_;
  GpuLmScratch* const scratch_;
  gpu::DeviceBuffer weight_rounded_;
  // Of the newest Forward.
  Factor weight_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LM_GPU_DENSE_H_

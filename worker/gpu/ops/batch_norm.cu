#include "worker/gpu/ops/batch_norm.h"
#include "worker/gpu/ops/for_each_value.cuh"

namespace paceline::gpu {
namespace {

struct BatchNormOp {
  uint64_t m;
  const float* mean;
  const float* variance;
  const float* scale;
  float* x;
  float* y;

  template <class Index>
  __device__ void At(Index index) const {
    const Index j = index % static_cast<Index>(m);
    // Written so that a NaN stays.
    const float above = variance[j] < 0 ? 0.0f : variance[j];
    const float normalised = (x[index] - mean[j]) * (1.0f / sqrtf(above + kBatchNormEpsilon));
    x[index] = normalised;
    y[index] = scale[j] * normalised;
  }
};

}  // namespace

Launched BatchNorm(uint64_t n, uint64_t m, const float* mean, const float* variance,
                   const float* scale, float* x, float* y, StreamHandle stream) {
  return ForEachValue("BatchNorm: cudaLaunchKernel", BatchNormOp{m, mean, variance, scale, x, y},
                      n * m, n * m, stream);
}

}  // namespace paceline::gpu

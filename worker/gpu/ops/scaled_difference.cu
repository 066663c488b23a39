#include "worker/gpu/ops/for_each_value.cuh"
#include "worker/gpu/ops/scaled_difference.h"

namespace paceline::gpu {
namespace {

struct ScaledDifferenceOp {
  float factor;
  const float* a;
  const float* b;
  float* out;

  template <class Index>
  __device__ void At(Index index) const {
    out[index] = factor * (a[index] - b[index]);
  }
};

}  // namespace

Launched ScaledDifference(uint64_t count, float factor, const float* a, const float* b, float* out,
                          StreamHandle stream) {
  return ForEachValue("ScaledDifference: cudaLaunchKernel", ScaledDifferenceOp{factor, a, b, out},
                      count, count, stream);
}

}  // namespace paceline::gpu

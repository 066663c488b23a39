// Visits a flat array in packs: the loop of the element-wise operators.
#ifndef PACELINE_WORKER_GPU_OPS_FOR_EACH_PACK_CUH_
#define PACELINE_WORKER_GPU_OPS_FOR_EACH_PACK_CUH_

#include <cstdint>

#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/pack.cuh"

namespace paceline::gpu {

// Op has `template <int W> __device__ void At(uint64_t index) const`, which handles the
// values index to index + W - 1. What packs of W leave over goes one by one.
template <int W, class Op>
__global__ void __launch_bounds__(kThreads) ForEachPackKernel(Op op, uint64_t count) {
  const uint64_t packs = count / W;
  const uint64_t first = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const uint64_t step = uint64_t{gridDim.x} * blockDim.x;
  for (uint64_t i = first; i < packs; i += step) op.template At<W>(i * W);
  if (W > 1 && first < count % W) op.template At<1>(packs * W + first);
}

// `packed`: all arrays of the operator take packs of 4.
template <class Op>
Launched ForEachPack(const char* call, const Op& op, uint64_t count, bool packed,
                     StreamHandle stream) {
  if (count == 0) return {};
  if (packed) {
    return Launch(call, ForEachPackKernel<4, Op>, BlocksFor((count + 3) / 4), kThreads, stream, op,
                  count);
  }
  return Launch(call, ForEachPackKernel<1, Op>, BlocksFor(count), kThreads, stream, op, count);
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FOR_EACH_PACK_CUH_

// Visits places one by one: the loop of operators whose threads find out where they are by
// divisions.
#ifndef PACELINE_WORKER_GPU_OPS_FOR_EACH_VALUE_CUH_
#define PACELINE_WORKER_GPU_OPS_FOR_EACH_VALUE_CUH_

#include <cstdint>

#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {

// Op has `template <class Index> __device__ void At(Index index) const`. Index is unsigned; it
// has 32 bits where they suffice: a division of 64 takes longer than the memory.
template <class Index, class Op>
__global__ void __launch_bounds__(kThreads) ForEachValueKernel(Op op, uint64_t count) {
  const Index end = static_cast<Index>(count);
  const Index step = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < end; i += step) {
    op.template At<Index>(i);
  }
}

// `largest`: no number that the operator computes from an index is above it.
template <class Op>
Launched ForEachValue(const char* call, const Op& op, uint64_t count, uint64_t largest,
                      StreamHandle stream) {
  if (count == 0) return {};
  // The last step of the loop goes beyond the count.
  if (count <= INT32_MAX && largest <= UINT32_MAX) {
    return Launch(call, ForEachValueKernel<uint32_t, Op>, BlocksFor(count), kThreads, stream, op,
                  count);
  }
  return Launch(call, ForEachValueKernel<uint64_t, Op>, BlocksFor(count), kThreads, stream, op,
                count);
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FOR_EACH_VALUE_CUH_

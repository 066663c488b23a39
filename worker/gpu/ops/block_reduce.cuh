// Folds the values of the lanes of a warp, or of the threads of a block, in a fixed
// order: a butterfly over lanes 1, 2, 4, 8 and 16 apart, then one over the warps.
//
// `fold(a, b)` is symmetric to the bit, so that all threads get the same value. T is
// float, double, or has a `T Exchanged(int apart) const` that makes it of its members.
// All threads of the warp (the block) come; blocks are whole warps.
#ifndef PACELINE_WORKER_GPU_OPS_BLOCK_REDUCE_CUH_
#define PACELINE_WORKER_GPU_OPS_BLOCK_REDUCE_CUH_

#include <cstdint>

#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {

// The value of the lane whose number differs from this one's in the bit `apart`.
__device__ inline float Exchanged(float value, int apart) {
  return __shfl_xor_sync(kAllLanes, value, apart);
}
__device__ inline double Exchanged(double value, int apart) {
  return __shfl_xor_sync(kAllLanes, value, apart);
}
template <class T>
__device__ inline T Exchanged(const T& value, int apart) {
  return value.Exchanged(apart);
}

struct Add {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

// Folds groups of `lanes` (a power of two up to 32) neighbouring lanes.
template <class T, class Fold>
__device__ inline T WarpReduce(T value, uint32_t lanes, Fold fold) {
  for (uint32_t apart = 1; apart < lanes; apart *= 2) {
    value = fold(value, Exchanged(value, static_cast<int>(apart)));
  }
  return value;
}

// `neutral` is what changes nothing when it is folded.
template <class T, class Fold>
__device__ inline T BlockReduce(T value, T neutral, Fold fold) {
  PL_SHARED(T, of_warp, kWarp);
  const uint32_t lane = threadIdx.x % kWarp;
  const uint32_t warp = threadIdx.x / kWarp;
  value = WarpReduce(value, kWarp, fold);
  // Nobody reads what the last call left any more.
  __syncthreads();
  if (lane == 0) of_warp[warp] = value;
  __syncthreads();
  value = lane < blockDim.x / kWarp ? of_warp[lane] : neutral;
  return WarpReduce(value, kWarp, fold);
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_BLOCK_REDUCE_CUH_

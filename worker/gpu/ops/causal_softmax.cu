#include <cmath>

#include "worker/gpu/ops/block_reduce.cuh"
#include "worker/gpu/ops/causal_softmax.h"
#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/pack.cuh"
#include "worker/gpu/ops/row_column.cuh"

namespace paceline::gpu {
namespace {

constexpr uint32_t kWarps = kThreads / kWarp;

struct Larger {
  __device__ float operator()(float a, float b) const { return a > b ? a : b; }
};

__global__ void __launch_bounds__(kThreads)
    CausalSoftmaxKernel(uint64_t rows, uint64_t length, float scale, float* s, HalfOut half) {
  const uint32_t lane = threadIdx.x % kWarp;
  for (uint64_t row = uint64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp; row < rows;
       row += uint64_t{gridDim.x} * kWarps) {
    const uint64_t seen = Locate(row, length).column + 1;
    float* const at = s + row * length;
    float largest = -INFINITY;
    for (uint64_t j = lane; j < seen; j += kWarp) largest = Larger()(scale * at[j], largest);
    largest = WarpReduce(largest, kWarp, Larger());
    float sum = 0;
    for (uint64_t j = lane; j < seen; j += kWarp) {
      const float e = expf(scale * at[j] - largest);
      at[j] = e;
      sum += e;
    }
    sum = WarpReduce(sum, kWarp, Add());
    for (uint64_t j = lane; j < length; j += kWarp) {
      const Pack<1> p{{j < seen ? at[j] / sum : 0.0f}};
      at[j] = p.v[0];
      StoreHalf(half, row * length + j, p);
    }
  }
}

__global__ void __launch_bounds__(kThreads)
    CausalSoftmaxGradientKernel(uint64_t rows, uint64_t length, float scale, const float* p,
                                float* dp, HalfOut half) {
  const uint32_t lane = threadIdx.x % kWarp;
  for (uint64_t row = uint64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp; row < rows;
       row += uint64_t{gridDim.x} * kWarps) {
    const uint64_t seen = Locate(row, length).column + 1;
    const float* const of_row = p + row * length;
    float* const at = dp + row * length;
    float mean = 0;
    for (uint64_t j = lane; j < seen; j += kWarp) mean = fmaf(of_row[j], at[j], mean);
    mean = WarpReduce(mean, kWarp, Add());
    for (uint64_t j = lane; j < length; j += kWarp) {
      const Pack<1> ds{{j < seen ? scale * of_row[j] * (at[j] - mean) : 0.0f}};
      at[j] = ds.v[0];
      StoreHalf(half, row * length + j, ds);
    }
  }
}

}  // namespace

Launched CausalSoftmax(uint64_t matrices, uint64_t length, float scale, float* s, HalfOut half,
                       StreamHandle stream) {
  const uint64_t rows = matrices * length;
  if (rows == 0) return {};
  return Launch("CausalSoftmax: cudaLaunchKernel", CausalSoftmaxKernel, BlocksFor(rows, kWarps),
                kThreads, stream, rows, length, scale, s, half);
}

Launched CausalSoftmaxGradient(uint64_t matrices, uint64_t length, float scale, const float* p,
                               float* dp, HalfOut half, StreamHandle stream) {
  const uint64_t rows = matrices * length;
  if (rows == 0) return {};
  return Launch("CausalSoftmaxGradient: cudaLaunchKernel", CausalSoftmaxGradientKernel,
                BlocksFor(rows, kWarps), kThreads, stream, rows, length, scale, p, dp, half);
}

}  // namespace paceline::gpu

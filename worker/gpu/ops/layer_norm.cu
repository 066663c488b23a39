#include <cmath>

#include "worker/gpu/ops/block_reduce.cuh"
#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/layer_norm.h"
#include "worker/gpu/ops/pack.cuh"

namespace paceline::gpu {
namespace {

constexpr float kEpsilon = 1e-5f;
constexpr uint32_t kWarps = kThreads / kWarp;

// The lanes of a warp share a row; all of them have the sum.
template <class Term>
__device__ inline float RowSum(uint64_t width, const Term& term) {
  float part = 0;
  for (uint64_t i = threadIdx.x % kWarp; i < width; i += kWarp) part += term(i);
  return WarpReduce(part, kWarp, Add());
}

__global__ void __launch_bounds__(kThreads)
    LayerNormKernel(uint64_t rows, uint64_t width, const float* x, const float* gain,
                    const float* bias, float* normal, float* inverse, float* y, HalfOut half) {
  const float part = 1.0f / static_cast<float>(width);
  for (uint64_t row = uint64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp; row < rows;
       row += uint64_t{gridDim.x} * kWarps) {
    const float* at = x + row * width;
    const float mean = part * RowSum(width, [=](uint64_t i) { return at[i]; });
    const float variance =
        part * RowSum(width, [=](uint64_t i) { return (at[i] - mean) * (at[i] - mean); });
    const float scale = 1.0f / sqrtf(variance + kEpsilon);
    if (threadIdx.x % kWarp == 0) inverse[row] = scale;
    for (uint64_t i = threadIdx.x % kWarp; i < width; i += kWarp) {
      const float n = (at[i] - mean) * scale;
      const Pack<1> out{{fmaf(n, gain[i], bias[i])}};
      normal[row * width + i] = n;
      y[row * width + i] = out.v[0];
      StoreHalf(half, row * width + i, out);
    }
  }
}

__global__ void __launch_bounds__(kThreads)
    LayerNormGradientKernel(uint64_t rows, uint64_t width, const float* normal,
                            const float* inverse, const float* gain, float* dy, float* dx) {
  const float part = 1.0f / static_cast<float>(width);
  for (uint64_t row = uint64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp; row < rows;
       row += uint64_t{gridDim.x} * kWarps) {
    const float* n = normal + row * width;
    float* const g = dy + row * width;
    // What normal's gradient has of a shift and of a stretch is lost.
    const float shift = part * RowSum(width, [=](uint64_t i) { return g[i] * gain[i]; });
    const float stretch = part * RowSum(width, [=](uint64_t i) { return g[i] * gain[i] * n[i]; });
    for (uint64_t i = threadIdx.x % kWarp; i < width; i += kWarp) {
      const float off = g[i] * gain[i] - shift - n[i] * stretch;
      dx[row * width + i] = fmaf(off, inverse[row], dx[row * width + i]);
      g[i] *= n[i];
    }
  }
}

}  // namespace

Launched LayerNorm(uint64_t rows, uint64_t width, const float* x, const float* gain,
                   const float* bias, float* normal, float* inverse, float* y, HalfOut half,
                   StreamHandle stream) {
  if (rows == 0 || width == 0) return {};
  return Launch("LayerNorm: cudaLaunchKernel", LayerNormKernel, BlocksFor(rows, kWarps), kThreads,
                stream, rows, width, x, gain, bias, normal, inverse, y, half);
}

Launched LayerNormGradient(uint64_t rows, uint64_t width, const float* normal, const float* inverse,
                           const float* gain, float* dy, float* dx, StreamHandle stream) {
  if (rows == 0 || width == 0) return {};
  return Launch("LayerNormGradient: cudaLaunchKernel", LayerNormGradientKernel,
                BlocksFor(rows, kWarps), kThreads, stream, rows, width, normal, inverse, gain, dy,
                dx);
}

}  // namespace paceline::gpu

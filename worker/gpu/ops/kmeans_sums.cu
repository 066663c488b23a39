#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/kmeans_sums.h"

namespace paceline::gpu {
namespace {

// A thread has a column of a cluster; a warp asks about the same cluster.
__global__ void __launch_bounds__(kThreads)
    KMeansSumsKernel(uint64_t n, uint32_t clusters, uint64_t features, const float* x,
                     const uint32_t* nearest, float* out) {
  const uint64_t begin = x == nullptr ? features : 0;
  for (uint64_t cluster = blockIdx.y; cluster < clusters; cluster += gridDim.y) {
    for (uint64_t f = begin + uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; f <= features;
         f += uint64_t{gridDim.x} * blockDim.x) {
      double sum = 0;
      PL_UNROLL_4
      for (uint64_t i = 0; i < n; ++i) {
        if (nearest[i] == cluster) sum += f < features ? x[i * features + f] : 1.0f;
      }
      out[cluster * (features + 1) + f] = static_cast<float>(sum);
    }
  }
}

}  // namespace

Launched KMeansSums(uint64_t n, uint32_t clusters, uint64_t features, const float* x,
                    const uint32_t* nearest, float* out, StreamHandle stream) {
  if (clusters == 0) return {};
  const uint64_t columns = x == nullptr ? 1 : features + 1;
  const dim3 grid(BlocksFor(columns), clusters < kMaxBlocksY ? clusters : kMaxBlocksY);
  return Launch("KMeansSums: cudaLaunchKernel", KMeansSumsKernel, grid, kThreads, stream, n,
                clusters, features, x, nearest, out);
}

}  // namespace paceline::gpu

#include <cmath>

#include "worker/gpu/ops/block_reduce.cuh"
#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/window_losses.h"

namespace paceline::gpu {
namespace {

__global__ void __launch_bounds__(kThreads)
    WindowLossesKernel(uint64_t n, uint64_t length, const float* position_losses, float* losses,
                       float* scores) {
  for (uint64_t window = blockIdx.x; window < n; window += gridDim.x) {
    double part = 0;
    for (uint64_t t = threadIdx.x; t < length; t += kThreads) {
      part += position_losses[window * length + t];
    }
    const double loss = BlockReduce(part, 0.0, Add()) / static_cast<double>(length);
    if (threadIdx.x != 0) continue;
    losses[window] = static_cast<float>(loss);
    scores[window] = static_cast<float>(exp(-loss));
  }
}

}  // namespace

Launched WindowLosses(uint64_t n, uint64_t length, const float* position_losses, float* losses,
                      float* scores, StreamHandle stream) {
  if (n == 0 || length == 0) return {};
  return Launch("WindowLosses: cudaLaunchKernel", WindowLossesKernel, BlocksFor(n, 1), kThreads,
                stream, n, length, position_losses, losses, scores);
}

}  // namespace paceline::gpu

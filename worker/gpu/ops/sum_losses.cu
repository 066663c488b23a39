#include "worker/gpu/ops/block_reduce.cuh"
#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/sum_losses.h"

namespace paceline::gpu {
namespace {

constexpr uint32_t kBlock = 1024;

__global__ void __launch_bounds__(kBlock)
    SumLossesKernel(uint64_t n, const float* losses, double* sum) {
  double part = 0;
  for (uint64_t i = threadIdx.x; i < n; i += kBlock) part += losses[i];
  part = BlockReduce(part, 0.0, Add());
  if (threadIdx.x == 0) *sum = part;
}

}  // namespace

Launched SumLosses(uint64_t n, const float* losses, double* sum, StreamHandle stream) {
  return Launch("SumLosses: cudaLaunchKernel", SumLossesKernel, 1, kBlock, stream, n, losses, sum);
}

}  // namespace paceline::gpu

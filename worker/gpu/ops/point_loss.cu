#include <cmath>

#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/point_loss.h"

namespace paceline::gpu {
namespace {

__device__ inline float Sigmoid(float z) {
  // exp(-|z|) never overflows.
  const float e = expf(-fabsf(z));
  return (z < 0 ? e : 1.0f) / (1.0f + e);
}

__device__ inline float SquaredLoss(float z, float label) {
  const double error = double{z} - label;
  return static_cast<float>(error * error / 2);
}

__device__ inline float LogisticLoss(float z, float label) {
  const double value = z;
  const double log_sum = (value > 0 ? value : 0.0) + log1p(exp(-fabs(value)));
  return static_cast<float>(log_sum - label * value);
}

__global__ void __launch_bounds__(kThreads)
    PointLossKernel(PointLossKind kind, uint64_t n, const float* z, const float* labels,
                    float scale, float* scores, float* losses, float* gradient) {
  const uint64_t step = uint64_t{gridDim.x} * blockDim.x;
  for (uint64_t i = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += step) {
    const float value = z[i];
    const float label = labels[i];
    const bool squared = kind == PointLossKind::kSquared;
    const float score = squared ? value : Sigmoid(value);
    losses[i] = squared ? SquaredLoss(value, label) : LogisticLoss(value, label);
    scores[i] = score;
    if (gradient == nullptr) continue;
    // sigmoid(z) - 1, also where it is nearly 1.
    const bool near_one = !squared && label == 1;
    gradient[i] = scale * (near_one ? -Sigmoid(-value) : score - label);
  }
}

}  // namespace

Launched PointLoss(PointLossKind kind, uint64_t n, const float* z, const float* labels, float scale,
                   float* scores, float* losses, float* gradient, StreamHandle stream) {
  if (n == 0) return {};
  return Launch("PointLoss: cudaLaunchKernel", PointLossKernel, BlocksFor(n), kThreads, stream,
                kind, n, z, labels, scale, scores, losses, gradient);
}

}  // namespace paceline::gpu

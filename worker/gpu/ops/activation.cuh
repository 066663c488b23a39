// f and f' of activation.h, for one value.
#ifndef PACELINE_WORKER_GPU_OPS_ACTIVATION_CUH_
#define PACELINE_WORKER_GPU_OPS_ACTIVATION_CUH_

#include <cmath>

#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {

constexpr float kGeluScale = 0.7978845608028654f;  // sqrt(2 / pi)
constexpr float kGeluCubic = 0.044715f;

__device__ inline float GeluTanh(float z) {
  return tanhf(kGeluScale * fmaf(kGeluCubic * (z * z), z, z));
}

template <ActivationKind f>
__device__ inline float Activation(float z) {
  if constexpr (f == ActivationKind::kRelu) {
    // Written so that a NaN stays.
    return z < 0 ? 0.0f : z;
  } else if constexpr (f == ActivationKind::kTanh) {
    return tanhf(z);
  } else if constexpr (f == ActivationKind::kGelu) {
    const float half = 0.5f * z;
    return fmaf(half, GeluTanh(z), half);
  } else {
    return z;
  }
}

template <ActivationKind f>
__device__ inline float Derivative(float z) {
  if constexpr (f == ActivationKind::kRelu) {
    return z > 0 ? 1.0f : (z <= 0 ? 0.0f : z);
  } else if constexpr (f == ActivationKind::kTanh) {
    const float t = tanhf(z);
    return fmaf(-t, t, 1.0f);
  } else if constexpr (f == ActivationKind::kGelu) {
    const float t = GeluTanh(z);
    const float slope = fmaf(3 * kGeluCubic, z * z, 1.0f);
    const float inner = fmaf(-t, t, 1.0f) * (slope * (z * kGeluScale));
    return 0.5f * (1.0f + t + inner);
  } else {
    return 1.0f;
  }
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_ACTIVATION_CUH_

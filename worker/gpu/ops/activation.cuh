// f and f' of activation.h, for one value.
#ifndef PACELINE_WORKER_GPU_OPS_ACTIVATION_CUH_
#define PACELINE_WORKER_GPU_OPS_ACTIVATION_CUH_

#include <cmath>

#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {

constexpr float kGeluScale = 0.7978845608028654f;  // sqrt(2 / pi)
constexpr float kGeluCubic = 0.044715f;

// What tanh(u) and its kin are made of, without a difference of nearly equal numbers:
// sigmoid(2 |u|) and sigmoid(-2 |u|), whose sum is 1. A NaN makes both NaN.
struct Sigmoids {
  float upper;
  float lower;

  __device__ explicit Sigmoids(float u) {
    const float e = expf(-2.0f * fabsf(u));
    upper = 1.0f / (1.0f + e);
    lower = e * upper;
  }
};

__device__ inline float GeluInner(float z) { return kGeluScale * fmaf(kGeluCubic * (z * z), z, z); }

template <ActivationKind f>
__device__ inline float Activation(float z) {
  if constexpr (f == ActivationKind::kRelu) {
    // Written so that a NaN stays.
    return z < 0 ? 0.0f : z;
  } else if constexpr (f == ActivationKind::kTanh) {
    return tanhf(z);
  } else if constexpr (f == ActivationKind::kGelu) {
    // (1 + tanh(u)) / 2 = sigmoid(2 u).
    const Sigmoids s(GeluInner(z));
    return z * (z < 0 ? s.lower : s.upper);
  } else {
    return z;
  }
}

template <ActivationKind f>
__device__ inline float Derivative(float z) {
  if constexpr (f == ActivationKind::kRelu) {
    return z > 0 ? 1.0f : (z <= 0 ? 0.0f : z);
  } else if constexpr (f == ActivationKind::kTanh) {
    // 1 - tanh(z)^2.
    const Sigmoids s(z);
    return 4.0f * s.upper * s.lower;
  } else if constexpr (f == ActivationKind::kGelu) {
    const Sigmoids s(GeluInner(z));
    const float slope = kGeluScale * fmaf(3.0f * kGeluCubic, z * z, 1.0f);
    return (z < 0 ? s.lower : s.upper) + 2.0f * (s.upper * s.lower) * (z * slope);
  } else {
    return 1.0f;
  }
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_ACTIVATION_CUH_

// Normalises the columns of a matrix, and scales them again. The shift that follows is a bias:
// bias_activation.h adds it.
//
//   normalised[i, j] = (x[i, j] - mean[j]) / sqrt(max(variance[j], 0) + 1e-5)
//   y[i, j]          = scale[j] * normalised[i, j]
//
// Shapes:   x [n, m] in, normalised out; y [n, m]; mean, variance, scale [m].
// Numerics: float32; 1e-5 is kBatchNormEpsilon. A NaN stays one.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_BATCH_NORM_H_
#define PACELINE_WORKER_GPU_OPS_BATCH_NORM_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// Keeps columns that are the same everywhere finite.
constexpr float kBatchNormEpsilon = 1e-5f;

// `x` becomes what is normalised.
Launched BatchNorm(uint64_t n, uint64_t m, const float* mean, const float* variance,
                   const float* scale, float* x, float* y, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_BATCH_NORM_H_

// Takes a gradient through batch norm by the statistics of the batch (batch_norm.h).
//
//   BatchNormSums:      shift_gradient[j] = factor * sum_i gradient[i, j]
//                       scale_gradient[j] = factor * sum_i gradient[i, j] * normalised[i, j]
//   BatchNormGradient:  gradient[i, j] = scale[j] / sqrt(variance[j] + 1e-5)
//                         * (gradient[i, j] - part * shift_gradient[j]
//                            - part * scale_gradient[j] * normalised[i, j])
//                       with part = 1 / (factor * n): the means of both sums
//
// Shapes:   normalised [n, m]; gradient [n, m], in and out; half [n, m]; others [m]. Without
//           rows sums are 0.
// Numerics: sums in float64, rounded once; the rest float32.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_BATCH_NORM_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_BATCH_NORM_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched BatchNormSums(uint64_t n, uint64_t m, const float* normalised, const float* gradient,
                       float factor, float* shift_gradient, float* scale_gradient,
                       StreamHandle stream);

// Sums are those of BatchNormSums, with its factor. `half` gets the result.
Launched BatchNormGradient(uint64_t n, uint64_t m, const float* normalised, const float* variance,
                           const float* scale, const float* shift_gradient,
                           const float* scale_gradient, float factor, float* gradient, HalfOut half,
                           StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_BATCH_NORM_GRADIENT_H_

// Losses of samples with one output each, as worker/core/models/losses.h has them:
//
//   squared    loss (z - y)^2 / 2           score z
//   logistic   loss log(1 + exp(z)) - y z   score sigmoid(z)
//   gradient   scale * (score - y)
//
// Shapes:   z, labels, scores, losses [n]; gradient [n] or null. `scores` may be z.
// Numerics: losses from z in float64, rounded once: finite and exact for samples that
//           the model is sure of, and so are gradients. Those and scores in float32.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_POINT_LOSS_H_
#define PACELINE_WORKER_GPU_OPS_POINT_LOSS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

enum class PointLossKind { kSquared, kLogistic };

Launched PointLoss(PointLossKind kind, uint64_t n, const float* z, const float* labels, float scale,
                   float* scores, float* losses, float* gradient, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_POINT_LOSS_H_

// The gradient of MfRating by the factors of the users (or of the items), added where it
// falls:
//
//   out[rows[i], f] += z_gradient[i] * other[other_rows[i], f]
//
// Shapes:   rows, other_rows and z_gradient [n]; other and out [more than every row, k]; out
//           in and out: zeros before.
// Numerics: float32, atomic additions.
// NOT deterministic: the order of the additions is not fixed. MfSegmentGradient is, and
// needs the pairs grouped by row.
#ifndef PACELINE_WORKER_GPU_OPS_MF_SCATTER_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_MF_SCATTER_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched MfScatterGradient(uint64_t n, uint32_t k, const uint32_t* rows, const float* z_gradient,
                           const uint32_t* other_rows, const float* other, float* out,
                           StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_MF_SCATTER_GRADIENT_H_

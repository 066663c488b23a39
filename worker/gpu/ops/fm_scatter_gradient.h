// The gradient of FmInteraction by the factors, added where it falls:
//
//   out[rows[e], f] += z_gradient[i] * x_e * (sums[i, f] - x_e v[rows[e], f]),   e in record i
//
// Shapes:   offsets [n + 1] ascending from 0, rows and values [offsets[n]]: the entries of
//           record i are those from offsets[i] to offsets[i + 1];
//           z_gradient [n]; sums [n, k], as FmInteraction left them; factors and out
//           [more than every row, k]; out in and out: zeros before.
// Numerics: float32, atomic additions.
// NOT deterministic: the order of the additions is not fixed. FmSegmentGradient is, and
// needs the entries grouped by row.
#ifndef PACELINE_WORKER_GPU_OPS_FM_SCATTER_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_FM_SCATTER_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FmScatterGradient(uint64_t n, uint32_t k, const uint32_t* offsets, const uint32_t* rows,
                           const float* values, const float* z_gradient, const float* sums,
                           const float* factors, float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FM_SCATTER_GRADIENT_H_

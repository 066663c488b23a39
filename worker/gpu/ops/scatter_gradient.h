// The gradient of WeightedRows by the table, added where it falls:
//
//   out[rows[k], :] += values[k] * gradient[i, :],   k in record i
//
// Shapes:   offsets [n + 1] ascending from 0, rows and values [offsets[n]]: the entries of
//           record i are those from offsets[i] to offsets[i + 1]; gradient
//           [n, dim]; out [more than every row, dim] in and out: zeros before.
// Numerics: float32, atomic additions.
// NOT deterministic: the order of the additions is not fixed. SegmentGradient is, and
// needs the entries grouped by row.
#ifndef PACELINE_WORKER_GPU_OPS_SCATTER_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_SCATTER_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched ScatterGradient(uint64_t n, uint32_t dim, const uint32_t* offsets, const uint32_t* rows,
                         const float* values, const float* gradient, float* out,
                         StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_SCATTER_GRADIENT_H_

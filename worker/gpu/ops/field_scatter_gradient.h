// The gradient of a table that records read by the keys of their fields (EmbedFields,
// FieldSums), added where it falls:
//
//   out[rows[i, f], :] += factor * gradient[i, f step : f step + k]
//
// step = k: each field of a record has its own vector of the gradient; step = 0: they have
// the same.
//
// Shapes:   rows [n, fields]; gradient [n, stride], its first values those of the fields; out
//           [more than every row, k] in and out: zeros before.
// Numerics: float32, atomic additions.
// NOT deterministic: the order of the additions is not fixed. FieldSegmentGradient is, and
// needs the keys grouped by row.
#ifndef PACELINE_WORKER_GPU_OPS_FIELD_SCATTER_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_FIELD_SCATTER_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FieldScatterGradient(uint64_t n, uint32_t k, uint32_t fields, uint32_t stride,
                              uint32_t step, const uint32_t* rows, const float* gradient,
                              float factor, float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FIELD_SCATTER_GRADIENT_H_

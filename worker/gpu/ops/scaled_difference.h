// A part of what values lack: how running statistics move.
//
//   out[i] = factor * (a[i] - b[i])
//
// Shapes:   a, b, out [count].
// Numerics: float32, one rounding for the difference and one for the product.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_SCALED_DIFFERENCE_H_
#define PACELINE_WORKER_GPU_OPS_SCALED_DIFFERENCE_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched ScaledDifference(uint64_t count, float factor, const float* a, const float* b, float* out,
                          StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_SCALED_DIFFERENCE_H_

// Multiplies values by a factor, in place.
//
//   x[i] *= factor
//
// Shapes:   x [count], in and out.
// Numerics: float32, one rounding; exact for a power of two.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_SCALE_H_
#define PACELINE_WORKER_GPU_OPS_SCALE_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched Scale(uint64_t count, float factor, float* x, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_SCALE_H_

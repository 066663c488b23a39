// Rounds float32 values to bf16 or fp16, to nearest even.
//
// Shapes:   x [count], out [count] of 2 bytes each; its type says which. kNone launches
//           nothing.
// Numerics: exact rounding; subnormals are kept; fp16 beyond 65504 (from 65520 on)
//           becomes infinite; every NaN becomes the canonical one (0x7fff).
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_CAST_H_
#define PACELINE_WORKER_GPU_OPS_CAST_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched Cast(uint64_t count, const float* x, HalfOut out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_CAST_H_

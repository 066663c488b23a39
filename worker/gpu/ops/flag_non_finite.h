// Whether a gradient may be sent:
//
//   *flag = 1 if any x[i] is NaN or infinite, else as it was
//
// Shapes:   x [count], flag [1] uint32.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_FLAG_NON_FINITE_H_
#define PACELINE_WORKER_GPU_OPS_FLAG_NON_FINITE_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FlagNonFinite(uint64_t count, const float* x, uint32_t* flag, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FLAG_NON_FINITE_H_

// Numbers as rows that are 1 at one place. The gradient of a small table that is read by
// number is a product with them: one_hot^T * gradient.
//
//   out[i, c] = (c == indices[i])
//
// Shapes:   indices [n], out [n, classes].
// Numerics: exact.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_ONE_HOT_H_
#define PACELINE_WORKER_GPU_OPS_ONE_HOT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// A number that is no class makes a row of zeros.
Launched OneHot(uint64_t n, uint32_t classes, const uint32_t* indices, float* out,
                StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_ONE_HOT_H_

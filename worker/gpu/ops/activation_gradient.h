// Takes a gradient through an activation:
//
//   gradient[i] *= f'(z[i])
//
// Shapes:   z [count], gradient [count] in and out, half [count].
// Numerics: float32; f' within 2e-6 of its value or absolutely, whichever is more.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_ACTIVATION_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_ACTIVATION_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// `half` gets the result. kNone: the gradient stays, and `half` gets it.
Launched ActivationGradient(ActivationKind f, uint64_t count, const float* z, float* gradient,
                            HalfOut half, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_ACTIVATION_GRADIENT_H_

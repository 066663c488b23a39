// Adds the bias and applies the activation: what follows the product of a layer.
//
//   z[i, j] += bias[j];   a[i, j] = f(z[i, j])
//
// Shapes:   bias [m], z [n, m] in and out, a [n, m] or null, half [n, m].
// Numerics: float32, one rounding for the sum; f within 2e-6 of its value for |z| <= 5
//           (expf and tanhf of CUDA, no fast math).
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_BIAS_ACTIVATION_H_
#define PACELINE_WORKER_GPU_OPS_BIAS_ACTIVATION_H_

#include <cstdint>

#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// `half` gets f(z). kNone: f(z) is z, and `a` is ignored.
Launched BiasActivation(ActivationKind f, uint64_t n, uint64_t m, const float* bias, float* z,
                        float* a, HalfOut half, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_BIAS_ACTIVATION_H_

// The part of a cross layer's gradient that comes before its products:
//
//   u_gradient[i] = gradient[i] * x[i]
//   x_gradient[i] += gradient[i] * u[i]              for the first layer, whose input is x:
//   x_gradient[i] += gradient[i] * (u[i] + 1)
//
// Shapes:   gradient [count], that of the layer's values; x and u [count], as CrossLayer took
//           and left them; u_gradient and half [count]; x_gradient [count] in and out.
// Numerics: float32.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_CROSS_LAYER_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_CROSS_LAYER_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// `half` gets u_gradient.
Launched CrossLayerGradient(uint64_t count, bool first, const float* gradient, const float* x,
                            const float* u, float* u_gradient, HalfOut half, float* x_gradient,
                            StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_CROSS_LAYER_GRADIENT_H_

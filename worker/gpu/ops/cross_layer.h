// What follows the product of a cross layer (DCN v2, Wang et al., WWW 2021):
//
//   u[i, j] += bias[j];   out[i, j] = x[i, j] * u[i, j] + in[i, j]
//
// Shapes:   bias [width], x [n, width], in [n, width], u [n, width] in and out: the product of
//           `in` and the layer's weights; out and half [n, width]. `in` may be x.
// Numerics: float32.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_CROSS_LAYER_H_
#define PACELINE_WORKER_GPU_OPS_CROSS_LAYER_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched CrossLayer(uint64_t n, uint64_t width, const float* bias, const float* x, const float* in,
                    float* u, float* out, HalfOut half, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_CROSS_LAYER_H_

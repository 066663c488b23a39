// Layer norm: each row gets mean 0 and variance 1, then a gain and a bias by column.
//
//   normal = (x - mean(x)) * inverse,   inverse = 1 / sqrt(var(x) + 1e-5)
//   y      = gain * normal + bias
//
// and from dy, the gradient of y, that of x, which is added to dx:
//
//   dn  = dy * gain
//   dx += inverse * (dn - mean(dn) - normal * mean(dn * normal))
//   dy  = dy * normal, whose column sums are the gradient of gain
//
// Shapes:   x, normal, y, dy, dx [rows, width]; gain, bias [width]; inverse [rows];
//           half [rows, width]. width >= 1.
// Numerics: float32. A warp has a row: each lane adds every 32nd value in turn, lanes are
//           added as a tree; the variance is that of differences from the mean.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_LAYER_NORM_H_
#define PACELINE_WORKER_GPU_OPS_LAYER_NORM_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// `half` gets y.
Launched LayerNorm(uint64_t rows, uint64_t width, const float* x, const float* gain,
                   const float* bias, float* normal, float* inverse, float* y, HalfOut half,
                   StreamHandle stream);

Launched LayerNormGradient(uint64_t rows, uint64_t width, const float* normal, const float* inverse,
                           const float* gain, float* dy, float* dx, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_LAYER_NORM_H_

// The gradient of FieldProducts by the vectors, added to that of x:
//
//   x_gradient[i, f k + j] += z_gradient[i] * (sums[i, j] - x[i, f k + j])    f < fields, j < k
//
// Shapes:   z_gradient [n]; sums [n, k], as FieldProducts left them; x [n, stride]; x_gradient
//           [n, stride] in and out, of whose rows the first fields * k values change.
// Numerics: float32.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_FIELD_PRODUCTS_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_FIELD_PRODUCTS_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FieldProductsGradient(uint64_t n, uint32_t fields, uint32_t k, uint32_t stride,
                               const float* z_gradient, const float* sums, const float* x,
                               float* x_gradient, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FIELD_PRODUCTS_GRADIENT_H_

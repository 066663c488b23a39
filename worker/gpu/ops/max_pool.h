// The maximum over windows of pool x pool pixels, channel by channel, and its gradient.
//
//   out[i, y, x, c] = max over dy, dx < pool of in[i, y * pool + dy, x * pool + dx, c]
//
// Rows and columns that fill no window are left out. Of equal values the first one counts, by
// row and column; a NaN is the greatest.
//
// Shapes:   in [n, height, width, channels]; out, chosen [n, height / pool, width / pool,
//           channels], chosen uint32: which pixel of its window, dy * pool + dx.
// Numerics: exact.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_MAX_POOL_H_
#define PACELINE_WORKER_GPU_OPS_MAX_POOL_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

struct PoolShape {
  uint32_t height = 1;
  uint32_t width = 1;
  uint32_t channels = 1;
  uint32_t pool = 1;

  uint64_t in_values() const { return uint64_t{height} * width * channels; }
  uint64_t out_values() const { return uint64_t{height / pool} * (width / pool) * channels; }
};

Launched MaxPool(uint64_t n, const PoolShape& shape, const float* in, float* out, uint32_t* chosen,
                 StreamHandle stream);

// in_gradient is out_gradient where a value was the maximum, and 0 elsewhere.
Launched MaxPoolGradient(uint64_t n, const PoolShape& shape, const float* out_gradient,
                         const uint32_t* chosen, float* in_gradient, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_MAX_POOL_H_

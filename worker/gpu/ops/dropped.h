// Dropout: some values become 0, the others are scaled up so that means stay. Which ones is
// a function of a mask and of the place, drawn anew by whoever asks: no mask is stored, and
// the backward pass drops what the forward pass dropped.
//
//   kept(i)  = 16 bits of RandomBits(seed, stream, place / 4) >= dropped_of_65536,
//              where place = first + i; those from bit 16 * (place % 4) on
//   d(x)[i]  = kept(i) ? x[i] * 65536 / (65536 - dropped_of_65536) : 0
//
//   Dropped:     out[i] = d(x)[i]
//   AddDropped:  out[i] += d(x)[i]
//
// The masks are those of worker/core/models/dropout.h.
//
// Shapes:   x [count], out [count], half [count].
// Numerics: float32, one rounding for the factor's product, one for the sum.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_DROPPED_H_
#define PACELINE_WORKER_GPU_OPS_DROPPED_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// The default drops nothing.
struct DropoutMask {
  uint64_t seed = 0;
  uint64_t stream = 0;
  // Below 65536.
  uint32_t dropped_of_65536 = 0;
  // Place of the first value.
  uint64_t first = 0;
};

// `half` gets the result, too. `out` may be x.
Launched Dropped(uint64_t count, const DropoutMask& mask, const float* x, float* out, HalfOut half,
                 StreamHandle stream);

Launched AddDropped(uint64_t count, const DropoutMask& mask, const float* x, float* out,
                    StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_DROPPED_H_

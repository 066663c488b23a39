// Rows of a table by their numbers, and what each position adds:
//
//   out[i, :] = table[indices[i], :] + positions[i % length, :]
//
// Shapes:   indices [n], numbers of rows; table [more than every index, dim];
//           positions [length, dim] or null; out [n, dim]. length >= 1.
// Numerics: float32, one rounding.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_EMBED_ROWS_H_
#define PACELINE_WORKER_GPU_OPS_EMBED_ROWS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched EmbedRows(uint64_t n, uint64_t dim, uint64_t length, const uint32_t* indices,
                   const float* table, const float* positions, float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_EMBED_ROWS_H_

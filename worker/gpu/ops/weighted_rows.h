// Sums of weighted rows of a table: a linear layer of sparse records.
//
//   out[i, :] += sum_k values[k] * table[rows[k], :],   k in record i
//
// Shapes:   offsets [n + 1] ascending from 0, rows and values [offsets[n]]: the entries of
//           record i are those from offsets[i] to offsets[i + 1]; table
//           [more than every row, dim]; out [n, dim] in and out.
// Numerics: float32. A record's entries are dealt to the threads that share it in turn, and
//           their sums are added as a tree: the order depends on the number of entries
//           and on the width alone. What stood in out is added last.
// Deterministic. Records of very many entries get a block of threads.
#ifndef PACELINE_WORKER_GPU_OPS_WEIGHTED_ROWS_H_
#define PACELINE_WORKER_GPU_OPS_WEIGHTED_ROWS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched WeightedRows(uint64_t n, uint32_t dim, const uint32_t* offsets, const uint32_t* rows,
                      const float* values, const float* table, float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_WEIGHTED_ROWS_H_

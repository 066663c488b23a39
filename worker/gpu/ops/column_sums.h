// The sums of the columns of a matrix: the gradient of a bias.
//
//   sums[j] = factor * sum_i x[i, j]
//
// Shapes:   x [n, m], sums [m]. Without rows the sums are 0.
// Numerics: float32. A block has 8 to 32 columns; its threads add every so many rows in
//           turn and their sums are added as a tree: the error of a sum grows with
//           n / 32, not with n. One multiplication by the factor at the end.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_COLUMN_SUMS_H_
#define PACELINE_WORKER_GPU_OPS_COLUMN_SUMS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched ColumnSums(uint64_t n, uint64_t m, const float* x, float factor, float* sums,
                    StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_COLUMN_SUMS_H_

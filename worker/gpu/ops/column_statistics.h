// The mean and the variance of each column of a matrix: what batch norm normalises by.
//
//   mean[j]     = sum_i x[i, j] / n
//   variance[j] = sum_i (x[i, j] - mean[j])^2 / n
//
// Shapes:   x [n, m]; mean, variance [m]. Without rows both are 0.
// Numerics: sums in float64, the mean rounded to float32 before distances are taken; each
//           result is rounded once.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_COLUMN_STATISTICS_H_
#define PACELINE_WORKER_GPU_OPS_COLUMN_STATISTICS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched ColumnStatistics(uint64_t n, uint64_t m, const float* x, float* mean, float* variance,
                          StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_COLUMN_STATISTICS_H_

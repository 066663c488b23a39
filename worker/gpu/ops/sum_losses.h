// The sum of the losses of a batch:
//
//   *sum = sum_i losses[i]
//
// Shapes:   losses [n] float32, sum [1] float64. Of no losses: 0.
// Numerics: float64: 1024 sums of every 1024th loss, added as a tree.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_SUM_LOSSES_H_
#define PACELINE_WORKER_GPU_OPS_SUM_LOSSES_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// n = 0 writes the 0.
Launched SumLosses(uint64_t n, const float* losses, double* sum, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_SUM_LOSSES_H_

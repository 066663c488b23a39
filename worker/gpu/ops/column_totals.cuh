// Sums of columns in float64 by a block that has a few of them.
#ifndef PACELINE_WORKER_GPU_OPS_COLUMN_TOTALS_CUH_
#define PACELINE_WORKER_GPU_OPS_COLUMN_TOTALS_CUH_

#include <cstdint>

#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {

// Columns and rows that a block has under way. 8 floats are a sector of memory: none is read
// in vain.
constexpr uint32_t kTotalColumns = 8;
constexpr uint32_t kTotalRows = 64;
constexpr uint32_t kTotalThreads = kTotalColumns * kTotalRows;

// Adds the parts of the threads whose number has the same remainder by kTotalColumns, as a
// tree; each gets the total. All threads of the block come; `tile` has one place for each.
__device__ inline double ColumnTotal(double part, double* tile) {
  const uint32_t self = threadIdx.x;
  tile[self] = part;
  __syncthreads();
  for (uint32_t half = kTotalThreads / 2; half >= kTotalColumns; half /= 2) {
    if (self < half) tile[self] += tile[self + half];
    __syncthreads();
  }
  const double total = tile[self % kTotalColumns];
  // Before the next parts come where the total stands.
  __syncthreads();
  return total;
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_COLUMN_TOTALS_CUH_

#include "worker/gpu/ops/column_statistics.h"
#include "worker/gpu/ops/column_totals.cuh"

namespace paceline::gpu {
namespace {

__global__ void __launch_bounds__(kTotalThreads)
    ColumnStatisticsKernel(uint64_t n, uint64_t m, const float* x, float* mean, float* variance) {
  PL_SHARED(double, tile, kTotalThreads);
  const uint32_t row = threadIdx.x / kTotalColumns;
  const double count = n == 0 ? 1.0 : static_cast<double>(n);
  for (uint64_t first = uint64_t{blockIdx.x} * kTotalColumns; first < m;
       first += uint64_t{gridDim.x} * kTotalColumns) {
    const uint64_t column = first + threadIdx.x % kTotalColumns;
    // Threads beyond the last column add nothing, but come.
    const uint64_t end = column < m ? n : 0;
    double part = 0;
    for (uint64_t i = row; i < end; i += kTotalRows) part += x[i * m + column];
    const float center = static_cast<float>(ColumnTotal(part, tile) / count);
    part = 0;
    for (uint64_t i = row; i < end; i += kTotalRows) {
      const double distance = static_cast<double>(x[i * m + column]) - center;
      part += distance * distance;
    }
    const double squares = ColumnTotal(part, tile);
    if (row > 0 || column >= m) continue;
    mean[column] = center;
    variance[column] = static_cast<float>(squares / count);
  }
}

}  // namespace

Launched ColumnStatistics(uint64_t n, uint64_t m, const float* x, float* mean, float* variance,
                          StreamHandle stream) {
  if (m == 0) return {};
  return Launch("ColumnStatistics: cudaLaunchKernel", ColumnStatisticsKernel,
                BlocksFor(m, kTotalColumns), kTotalThreads, stream, n, m, x, mean, variance);
}

}  // namespace paceline::gpu

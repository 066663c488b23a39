#include "worker/gpu/ops/column_sums.h"
#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {
namespace {

constexpr uint32_t kBlock = 1024;
// Rows that a thread has under way at once.
constexpr int kAhead = 4;
// From this many columns on, tiles of whole warps keep a large GPU busy; below, narrow
// ones make more blocks. 8 floats are a sector of memory: none is read in vain.
constexpr uint64_t kWideFrom = 4096;

template <uint32_t Columns>
__global__ void __launch_bounds__(kBlock)
    ColumnSumsKernel(uint64_t n, uint64_t m, const float* x, float factor, float* sums) {
  constexpr uint32_t kRows = kBlock / Columns;
  PL_SHARED(float, tile, kBlock);
  const uint32_t self = threadIdx.x;
  const uint32_t row = self / Columns;
  for (uint64_t first = uint64_t{blockIdx.x} * Columns; first < m;
       first += uint64_t{gridDim.x} * Columns) {
    const uint64_t column = first + self % Columns;
    float part[kAhead] = {};
    if (column < m) {
      uint64_t i = row;
      for (; i + (kAhead - 1) * kRows < n; i += kAhead * kRows) {
        PL_UNROLL
        for (int k = 0; k < kAhead; ++k) part[k] += x[(i + k * kRows) * m + column];
      }
      for (; i < n; i += kRows) part[0] += x[i * m + column];
    }
    tile[self] = (part[0] + part[1]) + (part[2] + part[3]);
    __syncthreads();
    for (uint32_t half = kBlock / 2; half >= Columns; half /= 2) {
      if (self < half) tile[self] += tile[self + half];
      // Also before the next tile's sums come where these stand.
      __syncthreads();
    }
    if (row == 0 && column < m) sums[column] = factor * tile[self];
  }
}

}  // namespace

Launched ColumnSums(uint64_t n, uint64_t m, const float* x, float factor, float* sums,
                    StreamHandle stream) {
  if (m == 0) return {};
  const char* call = "ColumnSums: cudaLaunchKernel";
  if (m >= kWideFrom) {
    return Launch(call, ColumnSumsKernel<32>, BlocksFor(m, 32), kBlock, stream, n, m, x, factor,
                  sums);
  }
  return Launch(call, ColumnSumsKernel<8>, BlocksFor(m, 8), kBlock, stream, n, m, x, factor, sums);
}

}  // namespace paceline::gpu

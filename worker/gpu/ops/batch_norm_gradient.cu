#include "worker/gpu/ops/batch_norm.h"
#include "worker/gpu/ops/batch_norm_gradient.h"
#include "worker/gpu/ops/column_totals.cuh"
#include "worker/gpu/ops/for_each_value.cuh"
#include "worker/gpu/ops/pack.cuh"

namespace paceline::gpu {
namespace {

__global__ void __launch_bounds__(kTotalThreads)
    BatchNormSumsKernel(uint64_t n, uint64_t m, const float* normalised, const float* gradient,
                        float factor, float* shift_gradient, float* scale_gradient) {
  PL_SHARED(double, tile, kTotalThreads);
  const uint32_t row = threadIdx.x / kTotalColumns;
  for (uint64_t first = uint64_t{blockIdx.x} * kTotalColumns; first < m;
       first += uint64_t{gridDim.x} * kTotalColumns) {
    const uint64_t column = first + threadIdx.x % kTotalColumns;
    // Threads beyond the last column add nothing, but come.
    const uint64_t end = column < m ? n : 0;
    double shifts = 0;
    double scales = 0;
    for (uint64_t i = row; i < end; i += kTotalRows) {
      const double g = gradient[i * m + column];
      shifts += g;
      scales += g * normalised[i * m + column];
    }
    shifts = ColumnTotal(shifts, tile);
    scales = ColumnTotal(scales, tile);
    if (row > 0 || column >= m) continue;
    shift_gradient[column] = static_cast<float>(factor * shifts);
    scale_gradient[column] = static_cast<float>(factor * scales);
  }
}

struct BatchNormGradientOp {
  uint64_t m;
  const float* normalised;
  const float* variance;
  const float* scale;
  const float* shift_gradient;
  const float* scale_gradient;
  float part;
  float* gradient;
  HalfOut half;

  template <class Index>
  __device__ void At(Index index) const {
    const Index j = index % static_cast<Index>(m);
    const float factor = scale[j] / sqrtf(variance[j] + kBatchNormEpsilon);
    const float through = factor * (gradient[index] - part * shift_gradient[j] -
                                    normalised[index] * (part * scale_gradient[j]));
    gradient[index] = through;
    StoreHalf(half, index, Pack<1>{{through}});
  }
};

}  // namespace

Launched BatchNormSums(uint64_t n, uint64_t m, const float* normalised, const float* gradient,
                       float factor, float* shift_gradient, float* scale_gradient,
                       StreamHandle stream) {
  if (m == 0) return {};
  return Launch("BatchNormSums: cudaLaunchKernel", BatchNormSumsKernel, BlocksFor(m, kTotalColumns),
                kTotalThreads, stream, n, m, normalised, gradient, factor, shift_gradient,
                scale_gradient);
}

Launched BatchNormGradient(uint64_t n, uint64_t m, const float* normalised, const float* variance,
                           const float* scale, const float* shift_gradient,
                           const float* scale_gradient, float factor, float* gradient, HalfOut half,
                           StreamHandle stream) {
  const float part = static_cast<float>(1 / (double{factor} * static_cast<double>(n)));
  return ForEachValue("BatchNormGradient: cudaLaunchKernel",
                      BatchNormGradientOp{m, normalised, variance, scale, shift_gradient,
                                          scale_gradient, part, gradient, half},
                      n * m, n * m, stream);
}

}  // namespace paceline::gpu

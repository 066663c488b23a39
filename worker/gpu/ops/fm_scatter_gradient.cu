#include "worker/gpu/ops/fm_scatter_gradient.h"
#include "worker/gpu/ops/scatter.cuh"

namespace paceline::gpu {
namespace {

struct FmScatterGradientOp {
  uint32_t k;
  const uint32_t* offsets;
  const uint32_t* rows;
  const float* values;
  const float* z_gradient;
  const float* sums;
  const float* factors;
  float* out;

  __device__ uint32_t Begin(uint64_t record) const { return offsets[record]; }
  __device__ uint32_t End(uint64_t record) const { return offsets[record + 1]; }

  __device__ float Term(uint64_t record, uint64_t entry, uint64_t column) const {
    const float x = values[entry];
    const float own = factors[uint64_t{rows[entry]} * k + column];
    return z_gradient[record] * x * (sums[record * k + column] - x * own);
  }
  __device__ float* At(uint64_t entry, uint64_t column) const {
    return out + uint64_t{rows[entry]} * k + column;
  }
};

}  // namespace

Launched FmScatterGradient(uint64_t n, uint32_t k, const uint32_t* offsets, const uint32_t* rows,
                           const float* values, const float* z_gradient, const float* sums,
                           const float* factors, float* out, StreamHandle stream) {
  const FmScatterGradientOp op{k, offsets, rows, values, z_gradient, sums, factors, out};
  return Scatter("FmScatterGradient: cudaLaunchKernel", op, n, k, stream);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/scatter.cuh"
#include "worker/gpu/ops/scatter_gradient.h"

namespace paceline::gpu {
namespace {

struct ScatterGradientOp {
  uint32_t dim;
  const uint32_t* offsets;
  const uint32_t* rows;
  const float* values;
  const float* gradient;
  float* out;

  __device__ uint32_t Begin(uint64_t record) const { return offsets[record]; }
  __device__ uint32_t End(uint64_t record) const { return offsets[record + 1]; }

  __device__ float Term(uint64_t record, uint64_t entry, uint64_t column) const {
    return values[entry] * gradient[record * dim + column];
  }
  __device__ float* At(uint64_t entry, uint64_t column) const {
    return out + uint64_t{rows[entry]} * dim + column;
  }
};

}  // namespace

Launched ScatterGradient(uint64_t n, uint32_t dim, const uint32_t* offsets, const uint32_t* rows,
                         const float* values, const float* gradient, float* out,
                         StreamHandle stream) {
  return Scatter("ScatterGradient: cudaLaunchKernel",
                 ScatterGradientOp{dim, offsets, rows, values, gradient, out}, n, dim, stream);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/mf_scatter_gradient.h"
#include "worker/gpu/ops/scatter.cuh"

namespace paceline::gpu {
namespace {

struct MfScatterGradientOp {
  uint32_t k;
  const uint32_t* rows;
  const float* z_gradient;
  const uint32_t* other_rows;
  const float* other;
  float* out;

  // A pair is an entry of its own.
  __device__ uint64_t Begin(uint64_t pair) const { return pair; }
  __device__ uint64_t End(uint64_t pair) const { return pair + 1; }

  __device__ float Term(uint64_t pair, uint64_t, uint64_t column) const {
    return z_gradient[pair] * other[uint64_t{other_rows[pair]} * k + column];
  }
  __device__ float* At(uint64_t pair, uint64_t column) const {
    return out + uint64_t{rows[pair]} * k + column;
  }
};

}  // namespace

Launched MfScatterGradient(uint64_t n, uint32_t k, const uint32_t* rows, const float* z_gradient,
                           const uint32_t* other_rows, const float* other, float* out,
                           StreamHandle stream) {
  const MfScatterGradientOp op{k, rows, z_gradient, other_rows, other, out};
  return Scatter("MfScatterGradient: cudaLaunchKernel", op, n, k, stream);
}

}  // namespace paceline::gpu

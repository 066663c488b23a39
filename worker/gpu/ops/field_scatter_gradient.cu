#include "worker/gpu/ops/field_scatter_gradient.h"
#include "worker/gpu/ops/scatter.cuh"

namespace paceline::gpu {
namespace {

struct FieldScatterGradientOp {
  uint32_t k;
  uint32_t fields;
  uint32_t stride;
  uint32_t step;
  const uint32_t* rows;
  const float* gradient;
  float factor;
  float* out;

  __device__ uint64_t Begin(uint64_t record) const { return record * fields; }
  __device__ uint64_t End(uint64_t record) const { return (record + 1) * fields; }

  __device__ float Term(uint64_t record, uint64_t entry, uint64_t column) const {
    return factor * gradient[record * stride + (entry - record * fields) * step + column];
  }
  __device__ float* At(uint64_t entry, uint64_t column) const {
    return out + uint64_t{rows[entry]} * k + column;
  }
};

}  // namespace

Launched FieldScatterGradient(uint64_t n, uint32_t k, uint32_t fields, uint32_t stride,
                              uint32_t step, const uint32_t* rows, const float* gradient,
                              float factor, float* out, StreamHandle stream) {
  const FieldScatterGradientOp op{k, fields, stride, step, rows, gradient, factor, out};
  return Scatter("FieldScatterGradient: cudaLaunchKernel", op, n, k, stream);
}

}  // namespace paceline::gpu

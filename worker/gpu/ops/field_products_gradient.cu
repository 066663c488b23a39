#include "worker/gpu/ops/field_products_gradient.h"
#include "worker/gpu/ops/for_each_pack.cuh"

namespace paceline::gpu {
namespace {

struct FieldProductsGradientOp {
  // Values of a record's vectors.
  uint32_t values;
  uint32_t k;
  uint32_t stride;
  // A 64-bit remainder takes longer than the memory.
  bool narrow;
  const float* z_gradient;
  const float* sums;
  const float* x;
  float* x_gradient;

  // Packs do not cross vectors.
  template <int W>
  __device__ void At(uint64_t index) const {
    const uint64_t record = narrow ? static_cast<uint32_t>(index) / values : index / values;
    const auto column = static_cast<uint32_t>(index - record * values);
    const uint64_t at = record * stride + column;
    const float d = z_gradient[record];
    const Pack<W> sum = LoadPack<W>(sums + record * k + column % k);
    const Pack<W> v = LoadPack<W>(x + at);
    Pack<W> gradient = LoadPack<W>(x_gradient + at);
    PL_UNROLL
    for (int w = 0; w < W; ++w) gradient.v[w] += d * (sum.v[w] - v.v[w]);
    StorePack(x_gradient + at, gradient);
  }
};

}  // namespace

Launched FieldProductsGradient(uint64_t n, uint32_t fields, uint32_t k, uint32_t stride,
                               const float* z_gradient, const float* sums, const float* x,
                               float* x_gradient, StreamHandle stream) {
  const uint64_t count = n * fields * k;
  const FieldProductsGradientOp op{fields * k, k,    stride, count <= UINT32_MAX,
                                   z_gradient, sums, x,      x_gradient};
  const bool packed =
      k % 4 == 0 && stride % 4 == 0 && TakesPacks(sums) && TakesPacks(x) && TakesPacks(x_gradient);
  return ForEachPack("FieldProductsGradient: cudaLaunchKernel", op, count, packed, stream);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/field_products.h"
#include "worker/gpu/ops/gather_sum.cuh"

namespace paceline::gpu {
namespace {

struct FieldProductsOp {
  // Of the vectors, and of their squares.
  static constexpr int kSums = 2;
  static constexpr bool kTotal = true;

  uint32_t fields;
  uint32_t k;
  uint32_t stride;
  const float* x;
  float* sums_out;
  float* z;

  __device__ uint64_t Begin(uint64_t) const { return 0; }
  __device__ uint64_t End(uint64_t) const { return fields; }

  template <int W>
  __device__ void Add(uint64_t record, uint64_t field, uint64_t column, Sums<2, W>& sums) const {
    const Pack<W> v = LoadPack<W>(x + record * stride + field * k + column);
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      sums.v[0][w] += v.v[w];
      sums.v[1][w] += v.v[w] * v.v[w];
    }
  }

  template <int W>
  __device__ void Store(uint64_t record, uint64_t column, const Sums<2, W>& sums,
                        float& total) const {
    Pack<W> sum;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      sum.v[w] = sums.v[0][w];
      total += sum.v[w] * sum.v[w] - sums.v[1][w];
    }
    StorePack(sums_out + record * k + column, sum);
  }

  __device__ void Finish(uint64_t record, float total) const { z[record] += 0.5f * total; }
};

}  // namespace

Launched FieldProducts(uint64_t n, uint32_t fields, uint32_t k, uint32_t stride, const float* x,
                       float* sums, float* z, StreamHandle stream) {
  const FieldProductsOp op{fields, k, stride, x, sums, z};
  const bool packed = k % 4 == 0 && stride % 4 == 0 && TakesPacks(x) && TakesPacks(sums);
  return GatherSum("FieldProducts: cudaLaunchKernel", op, n, k, packed, kWarp, stream);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/fm_interaction.h"
#include "worker/gpu/ops/gather_sum.cuh"

namespace paceline::gpu {
namespace {

struct FmInteractionOp {
  // Of x v, and of its square.
  static constexpr int kSums = 2;
  static constexpr bool kTotal = true;

  uint32_t k;
  const uint32_t* offsets;
  const uint32_t* rows;
  const float* values;
  const float* factors;
  float* sums_out;
  float* z;

  __device__ uint32_t Begin(uint64_t record) const { return offsets[record]; }
  __device__ uint32_t End(uint64_t record) const { return offsets[record + 1]; }

  template <int W>
  __device__ void Add(uint64_t, uint64_t entry, uint64_t column, Sums<2, W>& sums) const {
    const float value = values[entry];
    const Pack<W> row = LoadPack<W>(factors + uint64_t{rows[entry]} * k + column);
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      const float term = value * row.v[w];
      sums.v[0][w] += term;
      sums.v[1][w] += term * term;
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

Launched FmInteraction(uint64_t n, uint32_t k, const uint32_t* offsets, const uint32_t* rows,
                       const float* values, const float* factors, float* sums, float* z,
                       StreamHandle stream) {
  const FmInteractionOp op{k, offsets, rows, values, factors, sums, z};
  const bool packed = k % 4 == 0 && TakesPacks(factors) && TakesPacks(sums);
  return GatherSum("FmInteraction: cudaLaunchKernel", op, n, k, packed, kWarp, stream);
}

}  // namespace paceline::gpu

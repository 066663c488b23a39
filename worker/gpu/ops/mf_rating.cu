#include "worker/gpu/ops/gather_sum.cuh"
#include "worker/gpu/ops/mf_rating.h"

namespace paceline::gpu {
namespace {

struct MfRatingOp {
  static constexpr int kSums = 1;
  static constexpr bool kTotal = true;

  uint32_t k;
  const uint32_t* user_rows;
  const uint32_t* item_rows;
  MfTables tables;
  float* z;

  // A pair is an entry of its own.
  __device__ uint64_t Begin(uint64_t pair) const { return pair; }
  __device__ uint64_t End(uint64_t pair) const { return pair + 1; }

  template <int W>
  __device__ void Add(uint64_t pair, uint64_t, uint64_t column, Sums<1, W>& sums) const {
    const Pack<W> user = LoadPack<W>(tables.user + uint64_t{user_rows[pair]} * k + column);
    const Pack<W> item = LoadPack<W>(tables.item + uint64_t{item_rows[pair]} * k + column);
    PL_UNROLL
    for (int w = 0; w < W; ++w) sums.v[0][w] += user.v[w] * item.v[w];
  }

  template <int W>
  __device__ void Store(uint64_t, uint64_t, const Sums<1, W>& sums, float& total) const {
    PL_UNROLL
    for (int w = 0; w < W; ++w) total += sums.v[0][w];
  }

  __device__ void Finish(uint64_t pair, float total) const {
    const float biases =
        tables.bias[0] + tables.user_bias[user_rows[pair]] + tables.item_bias[item_rows[pair]];
    z[pair] = biases + total;
  }
};

}  // namespace

Launched MfRating(uint64_t n, uint32_t k, const uint32_t* user_rows, const uint32_t* item_rows,
                  const MfTables& tables, float* z, StreamHandle stream) {
  const MfRatingOp op{k, user_rows, item_rows, tables, z};
  const bool packed = k % 4 == 0 && TakesPacks(tables.user) && TakesPacks(tables.item);
  return GatherSum("MfRating: cudaLaunchKernel", op, n, k, packed, 1, stream);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/gather_sum.cuh"
#include "worker/gpu/ops/weighted_rows.h"

namespace paceline::gpu {
namespace {

struct WeightedRowsOp {
  static constexpr int kSums = 1;
  static constexpr bool kTotal = false;

  uint32_t dim;
  const uint32_t* offsets;
  const uint32_t* rows;
  const float* values;
  const float* table;
  float* out;

  __device__ uint32_t Begin(uint64_t record) const { return offsets[record]; }
  __device__ uint32_t End(uint64_t record) const { return offsets[record + 1]; }

  template <int W>
  __device__ void Add(uint64_t, uint64_t entry, uint64_t column, Sums<1, W>& sums) const {
    const float value = values[entry];
    const Pack<W> row = LoadPack<W>(table + uint64_t{rows[entry]} * dim + column);
    PL_UNROLL
    for (int w = 0; w < W; ++w) sums.v[0][w] += value * row.v[w];
  }

  template <int W>
  __device__ void Store(uint64_t record, uint64_t column, const Sums<1, W>& sums, float&) const {
    float* at = out + record * dim + column;
    Pack<W> sum = LoadPack<W>(at);
    PL_UNROLL
    for (int w = 0; w < W; ++w) sum.v[w] += sums.v[0][w];
    StorePack(at, sum);
  }
};

}  // namespace

Launched WeightedRows(uint64_t n, uint32_t dim, const uint32_t* offsets, const uint32_t* rows,
                      const float* values, const float* table, float* out, StreamHandle stream) {
  const WeightedRowsOp op{dim, offsets, rows, values, table, out};
  const bool packed = dim % 4 == 0 && TakesPacks(table) && TakesPacks(out);
  return GatherSum("WeightedRows: cudaLaunchKernel", op, n, dim, packed, kWarp, stream);
}

}  // namespace paceline::gpu

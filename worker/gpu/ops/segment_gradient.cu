#include "worker/gpu/ops/gather_sum.cuh"
#include "worker/gpu/ops/segment_gradient.h"

namespace paceline::gpu {
namespace {

// Most segments have an entry or two.
constexpr uint32_t kTeam = 8;

struct SegmentGradientOp {
  static constexpr int kSums = 1;
  static constexpr bool kTotal = false;

  uint32_t dim;
  const uint32_t* segment_rows;
  const uint32_t* segment_offsets;
  const uint32_t* records;
  const float* values;
  const float* gradient;
  float* out;

  __device__ uint32_t Begin(uint64_t segment) const { return segment_offsets[segment]; }
  __device__ uint32_t End(uint64_t segment) const { return segment_offsets[segment + 1]; }

  template <int W>
  __device__ void Add(uint64_t, uint64_t entry, uint64_t column, Sums<1, W>& sums) const {
    const float value = values[entry];
    const Pack<W> row = LoadPack<W>(gradient + uint64_t{records[entry]} * dim + column);
    PL_UNROLL
    for (int w = 0; w < W; ++w) sums.v[0][w] += value * row.v[w];
  }

  template <int W>
  __device__ void Store(uint64_t segment, uint64_t column, const Sums<1, W>& sums, float&) const {
    Pack<W> sum;
    PL_UNROLL
    for (int w = 0; w < W; ++w) sum.v[w] = sums.v[0][w];
    StorePack(out + uint64_t{segment_rows[segment]} * dim + column, sum);
  }
};

}  // namespace

Launched SegmentGradient(uint64_t segments, uint32_t dim, const uint32_t* segment_rows,
                         const uint32_t* segment_offsets, const uint32_t* records,
                         const float* values, const float* gradient, float* out,
                         StreamHandle stream) {
  const SegmentGradientOp op{dim, segment_rows, segment_offsets, records, values, gradient, out};
  const bool packed = dim % 4 == 0 && TakesPacks(gradient) && TakesPacks(out);
  return GatherSum("SegmentGradient: cudaLaunchKernel", op, segments, dim, packed, kTeam, stream);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/fm_segment_gradient.h"
#include "worker/gpu/ops/gather_sum.cuh"

namespace paceline::gpu {
namespace {

// Most segments have an entry or two.
constexpr uint32_t kTeam = 8;

struct FmSegmentGradientOp {
  static constexpr int kSums = 1;
  static constexpr bool kTotal = false;

  uint32_t k;
  const uint32_t* segment_rows;
  const uint32_t* segment_offsets;
  const uint32_t* records;
  const float* values;
  const float* z_gradient;
  const float* record_sums;
  const float* factors;
  float* out;

  __device__ uint32_t Begin(uint64_t segment) const { return segment_offsets[segment]; }
  __device__ uint32_t End(uint64_t segment) const { return segment_offsets[segment + 1]; }

  template <int W>
  __device__ void Add(uint64_t segment, uint64_t entry, uint64_t column, Sums<1, W>& sums) const {
    const uint64_t record = records[entry];
    const float x = values[entry];
    const float slope = z_gradient[record] * x;
    const Pack<W> sum = LoadPack<W>(record_sums + record * k + column);
    // The same for all entries: read once, from then on at hand.
    const Pack<W> own = LoadPack<W>(factors + uint64_t{segment_rows[segment]} * k + column);
    PL_UNROLL
    for (int w = 0; w < W; ++w) sums.v[0][w] += slope * (sum.v[w] - x * own.v[w]);
  }

  template <int W>
  __device__ void Store(uint64_t segment, uint64_t column, const Sums<1, W>& sums, float&) const {
    Pack<W> sum;
    PL_UNROLL
    for (int w = 0; w < W; ++w) sum.v[w] = sums.v[0][w];
    StorePack(out + uint64_t{segment_rows[segment]} * k + column, sum);
  }
};

}  // namespace

Launched FmSegmentGradient(uint64_t segments, uint32_t k, const uint32_t* segment_rows,
                           const uint32_t* segment_offsets, const uint32_t* records,
                           const float* values, const float* z_gradient, const float* sums,
                           const float* factors, float* out, StreamHandle stream) {
  const FmSegmentGradientOp op{k,          segment_rows, segment_offsets, records, values,
                               z_gradient, sums,         factors,         out};
  const bool packed = k % 4 == 0 && TakesPacks(sums) && TakesPacks(factors) && TakesPacks(out);
  return GatherSum("FmSegmentGradient: cudaLaunchKernel", op, segments, k, packed, kTeam, stream);
}

}  // namespace paceline::gpu

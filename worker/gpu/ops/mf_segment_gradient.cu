#include "worker/gpu/ops/gather_sum.cuh"
#include "worker/gpu/ops/mf_segment_gradient.h"

namespace paceline::gpu {
namespace {

// Most users and items have a rating or two in a batch.
constexpr uint32_t kTeam = 8;

struct MfSegmentGradientOp {
  static constexpr int kSums = 1;
  static constexpr bool kTotal = false;

  uint32_t k;
  const uint32_t* segment_rows;
  const uint32_t* segment_offsets;
  const uint32_t* records;
  const float* z_gradient;
  const uint32_t* other_rows;
  const float* other;
  float* out;

  __device__ uint32_t Begin(uint64_t segment) const { return segment_offsets[segment]; }
  __device__ uint32_t End(uint64_t segment) const { return segment_offsets[segment + 1]; }

  template <int W>
  __device__ void Add(uint64_t, uint64_t entry, uint64_t column, Sums<1, W>& sums) const {
    const uint32_t record = records[entry];
    const float slope = z_gradient[record];
    const Pack<W> row = LoadPack<W>(other + uint64_t{other_rows[record]} * k + column);
    PL_UNROLL
    for (int w = 0; w < W; ++w) sums.v[0][w] += slope * row.v[w];
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

Launched MfSegmentGradient(uint64_t segments, uint32_t k, const uint32_t* segment_rows,
                           const uint32_t* segment_offsets, const uint32_t* records,
                           const float* z_gradient, const uint32_t* other_rows, const float* other,
                           float* out, StreamHandle stream) {
  const MfSegmentGradientOp op{k,          segment_rows, segment_offsets, records,
                               z_gradient, other_rows,   other,           out};
  const bool packed = k % 4 == 0 && TakesPacks(other) && TakesPacks(out);
  return GatherSum("MfSegmentGradient: cudaLaunchKernel", op, segments, k, packed, kTeam, stream);
}

}  // namespace paceline::gpu

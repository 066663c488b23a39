#include "worker/gpu/ops/field_segment_gradient.h"
#include "worker/gpu/ops/gather_sum.cuh"

namespace paceline::gpu {
namespace {

// Most keys are in a record or two.
constexpr uint32_t kTeam = 8;

struct FieldSegmentGradientOp {
  static constexpr int kSums = 1;
  static constexpr bool kTotal = false;

  uint32_t k;
  uint32_t fields;
  uint32_t stride;
  uint32_t step;
  const uint32_t* segment_rows;
  const uint32_t* segment_offsets;
  const uint32_t* places;
  const float* gradient;
  float factor;
  float* out;

  __device__ uint32_t Begin(uint64_t segment) const { return segment_offsets[segment]; }
  __device__ uint32_t End(uint64_t segment) const { return segment_offsets[segment + 1]; }

  template <int W>
  __device__ void Add(uint64_t, uint64_t entry, uint64_t column, Sums<1, W>& sums) const {
    const uint32_t record = places[entry] / fields;
    const uint32_t field = places[entry] - record * fields;
    const Pack<W> row =
        LoadPack<W>(gradient + uint64_t{record} * stride + uint64_t{field} * step + column);
    PL_UNROLL
    for (int w = 0; w < W; ++w) sums.v[0][w] += row.v[w];
  }

  template <int W>
  __device__ void Store(uint64_t segment, uint64_t column, const Sums<1, W>& sums, float&) const {
    Pack<W> sum;
    PL_UNROLL
    for (int w = 0; w < W; ++w) sum.v[w] = factor * sums.v[0][w];
    StorePack(out + uint64_t{segment_rows[segment]} * k + column, sum);
  }
};

}  // namespace

Launched FieldSegmentGradient(uint64_t segments, uint32_t k, uint32_t fields, uint32_t stride,
                              uint32_t step, const uint32_t* segment_rows,
                              const uint32_t* segment_offsets, const uint32_t* places,
                              const float* gradient, float factor, float* out,
                              StreamHandle stream) {
  const FieldSegmentGradientOp op{k,      fields,   stride, step, segment_rows, segment_offsets,
                                  places, gradient, factor, out};
  const bool packed =
      k % 4 == 0 && stride % 4 == 0 && step % 4 == 0 && TakesPacks(gradient) && TakesPacks(out);
  return GatherSum("FieldSegmentGradient: cudaLaunchKernel", op, segments, k, packed, kTeam,
                   stream);
}

}  // namespace paceline::gpu

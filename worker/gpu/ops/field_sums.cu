#include "worker/gpu/ops/field_sums.h"
#include "worker/gpu/ops/gather_sum.cuh"

namespace paceline::gpu {
namespace {

struct FieldSumsOp {
  static constexpr int kSums = 1;
  static constexpr bool kTotal = false;

  uint32_t fields;
  const uint32_t* rows;
  const float* weights;
  float* z;

  __device__ uint64_t Begin(uint64_t record) const { return record * fields; }
  __device__ uint64_t End(uint64_t record) const { return (record + 1) * fields; }

  template <int W>
  __device__ void Add(uint64_t, uint64_t entry, uint64_t, Sums<1, W>& sums) const {
    sums.v[0][0] += weights[rows[entry]];
  }

  template <int W>
  __device__ void Store(uint64_t record, uint64_t, const Sums<1, W>& sums, float&) const {
    z[record] += sums.v[0][0];
  }
};

}  // namespace

Launched FieldSums(uint64_t n, uint32_t fields, const uint32_t* rows, const float* weights,
                   float* z, StreamHandle stream) {
  if (fields == 0) return {};
  return GatherSum("FieldSums: cudaLaunchKernel", FieldSumsOp{fields, rows, weights, z}, n,
                   /*dim=*/1, /*packed=*/false, kWarp, stream);
}

}  // namespace paceline::gpu

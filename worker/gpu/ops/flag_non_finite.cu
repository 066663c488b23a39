#include "worker/gpu/ops/flag_non_finite.h"
#include "worker/gpu/ops/for_each_pack.cuh"

namespace paceline::gpu {
namespace {

struct FlagNonFiniteOp {
  const float* x;
  uint32_t* flag;

  template <int W>
  __device__ void At(uint64_t index) const {
    const Pack<W> pack = LoadPack<W>(x + index);
    bool finite = true;
    PL_UNROLL
    for (int w = 0; w < W; ++w) finite = finite && (BitsOf(pack.v[w]) & 0x7f800000) != 0x7f800000;
    // All who write write the same.
    if (!finite) *flag = 1;
  }
};

}  // namespace

Launched FlagNonFinite(uint64_t count, const float* x, uint32_t* flag, StreamHandle stream) {
  return ForEachPack("FlagNonFinite: cudaLaunchKernel", FlagNonFiniteOp{x, flag}, count,
                     TakesPacks(x), stream);
}

}  // namespace paceline::gpu

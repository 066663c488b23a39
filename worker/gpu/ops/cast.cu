#include "worker/gpu/ops/cast.h"
#include "worker/gpu/ops/for_each_pack.cuh"

namespace paceline::gpu {
namespace {

struct CastOp {
  const float* x;
  HalfOut out;

  template <int W>
  __device__ void At(uint64_t index) const {
    StoreHalf(out, index, LoadPack<W>(x + index));
  }
};

}  // namespace

Launched Cast(uint64_t count, const float* x, HalfOut out, StreamHandle stream) {
  if (out.type == HalfType::kNone) return {};
  return ForEachPack("Cast: cudaLaunchKernel", CastOp{x, out}, count,
                     TakesPacks(x) && TakesPacks(out), stream);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/for_each_pack.cuh"
#include "worker/gpu/ops/scale.h"

namespace paceline::gpu {
namespace {

struct ScaleOp {
  float factor;
  float* x;

  template <int W>
  __device__ void At(uint64_t index) const {
    Pack<W> values = LoadPack<W>(x + index);
    PL_UNROLL
    for (int w = 0; w < W; ++w) values.v[w] *= factor;
    StorePack(x + index, values);
  }
};

}  // namespace

Launched Scale(uint64_t count, float factor, float* x, StreamHandle stream) {
  return ForEachPack("Scale: cudaLaunchKernel", ScaleOp{factor, x}, count, TakesPacks(x), stream);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/for_each_pack.cuh"
#include "worker/gpu/ops/one_hot.h"
#include "worker/gpu/ops/row_column.cuh"

namespace paceline::gpu {
namespace {

struct OneHotOp {
  uint32_t classes;
  const uint32_t* indices;
  float* out;

  template <int W>
  __device__ void At(uint64_t index) const {
    Pack<W> pack;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      const RowColumn at = Locate(index + w, classes);
      pack.v[w] = at.column == indices[at.row] ? 1.0f : 0.0f;
    }
    StorePack(out + index, pack);
  }
};

}  // namespace

Launched OneHot(uint64_t n, uint32_t classes, const uint32_t* indices, float* out,
                StreamHandle stream) {
  return ForEachPack("OneHot: cudaLaunchKernel", OneHotOp{classes, indices, out}, n * classes,
                     TakesPacks(out), stream);
}

}  // namespace paceline::gpu

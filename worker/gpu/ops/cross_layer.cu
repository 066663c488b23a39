#include "worker/gpu/ops/cross_layer.h"
#include "worker/gpu/ops/for_each_pack.cuh"

namespace paceline::gpu {
namespace {

struct CrossLayerOp {
  uint64_t width;
  // A 64-bit remainder takes longer than the memory.
  bool narrow;
  const float* bias;
  const float* x;
  const float* in;
  float* u;
  float* out;
  HalfOut half;

  template <int W>
  __device__ void At(uint64_t index) const {
    uint64_t column =
        narrow ? static_cast<uint32_t>(index) % static_cast<uint32_t>(width) : index % width;
    const Pack<W> at = LoadPack<W>(x + index);
    const Pack<W> before = LoadPack<W>(in + index);
    Pack<W> factor = LoadPack<W>(u + index);
    Pack<W> result;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      factor.v[w] += bias[column];
      result.v[w] = at.v[w] * factor.v[w] + before.v[w];
      if (++column == width) column = 0;
    }
    StorePack(u + index, factor);
    StorePack(out + index, result);
    StoreHalf(half, index, result);
  }
};

}  // namespace

Launched CrossLayer(uint64_t n, uint64_t width, const float* bias, const float* x, const float* in,
                    float* u, float* out, HalfOut half, StreamHandle stream) {
  const uint64_t count = n * width;
  const CrossLayerOp op{width, count <= UINT32_MAX, bias, x, in, u, out, half};
  return ForEachPack(
      "CrossLayer: cudaLaunchKernel", op, count,
      TakesPacks(x) && TakesPacks(in) && TakesPacks(u) && TakesPacks(out) && TakesPacks(half),
      stream);
}

}  // namespace paceline::gpu

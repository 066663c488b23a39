#include "worker/gpu/ops/cross_layer_gradient.h"
#include "worker/gpu/ops/for_each_pack.cuh"

namespace paceline::gpu {
namespace {

struct CrossLayerGradientOp {
  // What goes from the layer's values straight to x: 1 or 0.
  float past;
  const float* gradient;
  const float* x;
  const float* u;
  float* u_gradient;
  HalfOut half;
  float* x_gradient;

  template <int W>
  __device__ void At(uint64_t index) const {
    const Pack<W> g = LoadPack<W>(gradient + index);
    const Pack<W> at = LoadPack<W>(x + index);
    const Pack<W> factor = LoadPack<W>(u + index);
    Pack<W> of_x = LoadPack<W>(x_gradient + index);
    Pack<W> of_u;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      of_u.v[w] = g.v[w] * at.v[w];
      of_x.v[w] += g.v[w] * (factor.v[w] + past);
    }
    StorePack(u_gradient + index, of_u);
    StoreHalf(half, index, of_u);
    StorePack(x_gradient + index, of_x);
  }
};

}  // namespace

Launched CrossLayerGradient(uint64_t count, bool first, const float* gradient, const float* x,
                            const float* u, float* u_gradient, HalfOut half, float* x_gradient,
                            StreamHandle stream) {
  const CrossLayerGradientOp op{first ? 1.0f : 0.0f, gradient, x, u, u_gradient, half, x_gradient};
  return ForEachPack("CrossLayerGradient: cudaLaunchKernel", op, count,
                     TakesPacks(gradient) && TakesPacks(x) && TakesPacks(u) &&
                         TakesPacks(u_gradient) && TakesPacks(half) && TakesPacks(x_gradient),
                     stream);
}

}  // namespace paceline::gpu

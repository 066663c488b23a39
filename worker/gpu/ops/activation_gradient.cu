#include "worker/gpu/ops/activation.cuh"
#include "worker/gpu/ops/activation_gradient.h"
#include "worker/gpu/ops/for_each_pack.cuh"

namespace paceline::gpu {
namespace {

template <ActivationKind f>
struct ActivationGradientOp {
  const float* z;
  float* gradient;
  HalfOut half;

  template <int W>
  __device__ void At(uint64_t index) const {
    Pack<W> g = LoadPack<W>(gradient + index);
    if constexpr (f != ActivationKind::kNone) {
      const Pack<W> at = LoadPack<W>(z + index);
      PL_UNROLL
      for (int w = 0; w < W; ++w) g.v[w] *= Derivative<f>(at.v[w]);
      StorePack(gradient + index, g);
    }
    StoreHalf(half, index, g);
  }
};

template <ActivationKind f>
Launched Run(uint64_t count, const float* z, float* gradient, HalfOut half, StreamHandle stream) {
  return ForEachPack("ActivationGradient: cudaLaunchKernel",
                     ActivationGradientOp<f>{z, gradient, half}, count,
                     TakesPacks(z) && TakesPacks(gradient) && TakesPacks(half), stream);
}

}  // namespace

Launched ActivationGradient(ActivationKind f, uint64_t count, const float* z, float* gradient,
                            HalfOut half, StreamHandle stream) {
  switch (f) {
    case ActivationKind::kNone:
      if (half.type == HalfType::kNone) return {};
      return Run<ActivationKind::kNone>(count, z, gradient, half, stream);
    case ActivationKind::kRelu:
      return Run<ActivationKind::kRelu>(count, z, gradient, half, stream);
    case ActivationKind::kTanh:
      return Run<ActivationKind::kTanh>(count, z, gradient, half, stream);
    case ActivationKind::kGelu:
      return Run<ActivationKind::kGelu>(count, z, gradient, half, stream);
  }
  return {"ActivationGradient", "no such activation"};
}

}  // namespace paceline::gpu

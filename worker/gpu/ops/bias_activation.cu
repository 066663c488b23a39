#include "worker/gpu/ops/activation.cuh"
#include "worker/gpu/ops/bias_activation.h"
#include "worker/gpu/ops/for_each_pack.cuh"

namespace paceline::gpu {
namespace {

template <ActivationKind f>
struct BiasActivationOp {
  uint64_t m;
  // A 64-bit remainder takes longer than the memory.
  bool narrow;
  // Packs do not cross rows, and those of the bias are aligned.
  bool bias_packed;
  const float* bias;
  float* z;
  float* a;
  HalfOut half;

  template <int W>
  __device__ void At(uint64_t index) const {
    uint64_t column = narrow ? static_cast<uint32_t>(index) % static_cast<uint32_t>(m) : index % m;
    Pack<W> sum = LoadPack<W>(z + index);
    if (W > 1 && bias_packed) {
      const Pack<W> b = LoadPack<W>(bias + column);
      PL_UNROLL
      for (int w = 0; w < W; ++w) sum.v[w] += b.v[w];
    } else {
      PL_UNROLL
      for (int w = 0; w < W; ++w) {
        sum.v[w] += bias[column];
        if (++column == m) column = 0;
      }
    }
    StorePack(z + index, sum);
    PL_UNROLL
    for (int w = 0; w < W; ++w) sum.v[w] = Activation<f>(sum.v[w]);
    if (f != ActivationKind::kNone && a != nullptr) StorePack(a + index, sum);
    StoreHalf(half, index, sum);
  }
};

template <ActivationKind f>
Launched Run(uint64_t n, uint64_t m, const float* bias, float* z, float* a, HalfOut half,
             StreamHandle stream) {
  const bool narrow = n * m <= UINT32_MAX;
  const BiasActivationOp<f> op{m, narrow, m % 4 == 0 && TakesPacks(bias), bias, z, a, half};
  return ForEachPack("BiasActivation: cudaLaunchKernel", op, n * m,
                     TakesPacks(z) && TakesPacks(a) && TakesPacks(half), stream);
}

}  // namespace

Launched BiasActivation(ActivationKind f, uint64_t n, uint64_t m, const float* bias, float* z,
                        float* a, HalfOut half, StreamHandle stream) {
  switch (f) {
    case ActivationKind::kNone:
      return Run<ActivationKind::kNone>(n, m, bias, z, a, half, stream);
    case ActivationKind::kRelu:
      return Run<ActivationKind::kRelu>(n, m, bias, z, a, half, stream);
    case ActivationKind::kTanh:
      return Run<ActivationKind::kTanh>(n, m, bias, z, a, half, stream);
    case ActivationKind::kGelu:
      return Run<ActivationKind::kGelu>(n, m, bias, z, a, half, stream);
  }
  return {"BiasActivation", "no such activation"};
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/ops/for_each_pack.cuh"
#include "worker/gpu/ops/random_bits.cuh"

namespace paceline::gpu {
namespace {

template <bool kAdd>
struct DropOp {
  DropoutMask mask;
  float factor;
  const float* x;
  float* out;
  HalfOut half;

  template <int W>
  __device__ Pack<W> Drop(uint64_t index) const {
    Pack<W> pack = LoadPack<W>(x + index);
    if (mask.dropped_of_65536 == 0) return pack;
    uint64_t bits = 0;
    PL_UNROLL
    for (int w = 0; w < W; ++w) {
      const uint64_t place = mask.first + index + w;
      // 64 bits decide on four values.
      if (w == 0 || place % 4 == 0) bits = RandomBits(mask.seed, mask.stream, place / 4);
      const bool dropped = (bits >> (16 * (place % 4)) & 0xffff) < mask.dropped_of_65536;
      pack.v[w] = dropped ? 0.0f : pack.v[w] * factor;
    }
    return pack;
  }

  template <int W>
  __device__ void At(uint64_t index) const {
    Pack<W> pack = Drop<W>(index);
    if (kAdd) {
      const Pack<W> before = LoadPack<W>(out + index);
      PL_UNROLL
      for (int w = 0; w < W; ++w) pack.v[w] += before.v[w];
    }
    StorePack(out + index, pack);
    StoreHalf(half, index, pack);
  }
};

template <bool kAdd>
Launched Run(const char* call, uint64_t count, const DropoutMask& mask, const float* x, float* out,
             HalfOut half, StreamHandle stream) {
  const float factor = static_cast<float>(65536.0 / (65536 - mask.dropped_of_65536));
  return ForEachPack(call, DropOp<kAdd>{mask, factor, x, out, half}, count,
                     TakesPacks(x) && TakesPacks(out) && TakesPacks(half), stream);
}

}  // namespace

Launched Dropped(uint64_t count, const DropoutMask& mask, const float* x, float* out, HalfOut half,
                 StreamHandle stream) {
  return Run<false>("Dropped: cudaLaunchKernel", count, mask, x, out, half, stream);
}

Launched AddDropped(uint64_t count, const DropoutMask& mask, const float* x, float* out,
                    StreamHandle stream) {
  return Run<true>("AddDropped: cudaLaunchKernel", count, mask, x, out, HalfOut{}, stream);
}

}  // namespace paceline::gpu

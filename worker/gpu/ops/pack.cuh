// W neighbouring float32 values: what a thread reads or writes at once. W is 1 or 4; a
// pack of 4 lies at a multiple of 16 bytes.
#ifndef PACELINE_WORKER_GPU_OPS_PACK_CUH_
#define PACELINE_WORKER_GPU_OPS_PACK_CUH_

#include <cstdint>

#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/half.cuh"

namespace paceline::gpu {

template <int W>
struct alignas(W * sizeof(float)) Pack {
  float v[W];
};

template <int W>
struct alignas(W * sizeof(uint16_t)) HalfPack {
  uint16_t v[W];
};

template <int W>
__device__ inline Pack<W> LoadPack(const float* at) {
  return *reinterpret_cast<const Pack<W>*>(at);
}

template <int W>
__device__ inline void StorePack(float* at, Pack<W> pack) {
  *reinterpret_cast<Pack<W>*>(at) = pack;
}

// Rounds a pack to out[index ...]; nothing for kNone.
template <int W>
__device__ inline void StoreHalf(HalfOut out, uint64_t index, const Pack<W>& pack) {
  if (out.type == HalfType::kNone) return;
  HalfPack<W> half;
  PL_UNROLL
  for (int w = 0; w < W; ++w) half.v[w] = ToHalf(out.type, pack.v[w]);
  *reinterpret_cast<HalfPack<W>*>(static_cast<uint16_t*>(out.data) + index) = half;
}

// Whether packs of 4 can start at the pointer; null can.
inline bool TakesPacks(const float* at) { return reinterpret_cast<uintptr_t>(at) % 16 == 0; }
inline bool TakesPacks(HalfOut out) {
  return out.type == HalfType::kNone || reinterpret_cast<uintptr_t>(out.data) % 8 == 0;
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_PACK_CUH_

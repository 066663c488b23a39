// Rounding to bf16 and fp16, the same bits from nvcc and from the emulator: to nearest
// even, subnormals kept, every NaN 0x7fff.
#ifndef PACELINE_WORKER_GPU_OPS_HALF_CUH_
#define PACELINE_WORKER_GPU_OPS_HALF_CUH_

#include <cstdint>
#include <cstring>

#include "worker/gpu/ops/device.cuh"

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

namespace paceline::gpu {

__device__ inline uint32_t BitsOf(float value) {
#ifdef __CUDACC__
  return __float_as_uint(value);
#else
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
#endif
}

__device__ inline uint16_t ToBf16(float value) {
  const uint32_t bits = BitsOf(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

__device__ inline uint16_t ToFp16(float value) {
#ifdef __CUDACC__
  return __half_as_ushort(__float2half_rn(value));
#else
  const uint32_t bits = BitsOf(value);
  const uint32_t sign = bits >> 16 & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return 0x7fff;
  // From 65520 on, halfway to 2^16.
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
  const uint32_t exponent = magnitude >> 23;
  uint32_t fraction = magnitude & 0x7fffff;
  // Bits that fall off: 13, and more of a subnormal (below 2^-14).
  uint32_t drop = 13;
  uint32_t result = 0;
  if (exponent >= 113) {
    result = (exponent - 112) << 10;
  } else if (exponent >= 101) {
    fraction |= 0x800000;
    drop += 113 - exponent;
  } else {
    // Below 2^-26: less than half of the smallest one. 2^-25 itself is a tie, to 0.
    return static_cast<uint16_t>(sign);
  }
  const uint32_t rest = fraction & ((1u << drop) - 1);
  const uint32_t half = 1u << (drop - 1);
  result += fraction >> drop;
  // A carry goes into the exponent, and may end as infinity.
  if (rest > half || (rest == half && (result & 1) != 0)) ++result;
  return static_cast<uint16_t>(sign | result);
#endif
}

__device__ inline uint16_t ToHalf(HalfType type, float value) {
  return type == HalfType::kBf16 ? ToBf16(value) : ToFp16(value);
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_HALF_CUH_

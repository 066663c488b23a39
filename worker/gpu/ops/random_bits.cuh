// The random numbers of common/random.h on the device: Philox4x32-10, keyed by the seed,
// counting (stream, index). The same bits as RandomBits gives on the host.
#ifndef PACELINE_WORKER_GPU_OPS_RANDOM_BITS_CUH_
#define PACELINE_WORKER_GPU_OPS_RANDOM_BITS_CUH_

#include <cstdint>

#include "worker/gpu/ops/device.cuh"

namespace paceline::gpu {

__device__ inline uint64_t RandomBits(uint64_t seed, uint64_t stream, uint64_t index) {
  uint32_t c0 = static_cast<uint32_t>(index);
  uint32_t c1 = static_cast<uint32_t>(index >> 32);
  uint32_t c2 = static_cast<uint32_t>(stream);
  uint32_t c3 = static_cast<uint32_t>(stream >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed);
  uint32_t k1 = static_cast<uint32_t>(seed >> 32);
  PL_UNROLL
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xd2511f53} * c0;
    const uint64_t p1 = uint64_t{0xcd9e8d57} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(p1);
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  return uint64_t{c1} << 32 | c0;
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_RANDOM_BITS_CUH_

// CUDA's words for compilers that are not nvcc: a .cu file that includes ops/device.cuh
// is then plain C++, and its kernels run on the CPU (see block.h).
//
// What is here is what the operators use. Warps have 32 lanes; a mask names exactly the
// lanes that come. Atomic operations are atomic between streams too.
#ifndef PACELINE_WORKER_GPU_FAKE_EMULATOR_H_
#define PACELINE_WORKER_GPU_FAKE_EMULATOR_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "worker/gpu/fake/block.h"
#include "worker/gpu/fake/dim3.h"
#include "worker/gpu/fake/work_queue.h"
#include "worker/gpu/ops/launch.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(threads)

#define threadIdx (::paceline::gpu::fake::position->thread)
#define blockIdx (::paceline::gpu::fake::position->block)
#define blockDim (::paceline::gpu::fake::position->block_dim)
#define gridDim (::paceline::gpu::fake::position->grid_dim)

// The line of the call, as the default of a parameter.
#define PACELINE_FAKE_PLACE \
  ::paceline::gpu::fake::Place place = {__builtin_FILE(), __builtin_LINE()}

inline void __syncthreads(PACELINE_FAKE_PLACE) { paceline::gpu::fake::MeetBlock(false, place); }

inline int __syncthreads_or(int any, PACELINE_FAKE_PLACE) {
  return paceline::gpu::fake::MeetBlock(any != 0, place);
}

inline void __syncwarp(unsigned mask = 0xffffffff, PACELINE_FAKE_PLACE) {
  paceline::gpu::fake::VoteInWarp(mask, false, place);
}

inline unsigned __ballot_sync(unsigned mask, int vote, PACELINE_FAKE_PLACE) {
  return paceline::gpu::fake::VoteInWarp(mask, vote != 0, place);
}

template <typename T>
T __shfl_sync(unsigned mask, T value, int source, PACELINE_FAKE_PLACE) {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) <= 8);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = paceline::gpu::fake::MeetWarp(mask, bits, static_cast<unsigned>(source) % 32, place);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, PACELINE_FAKE_PLACE) {
  const unsigned source = paceline::gpu::fake::Lane() ^ static_cast<unsigned>(lane_mask);
  return __shfl_sync(mask, value, static_cast<int>(source), place);
}

// Rounded each by itself, never fused.
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }

inline float atomicAdd(float* at, float value) {
  uint32_t* bits_at = reinterpret_cast<uint32_t*>(at);
  uint32_t bits = __atomic_load_n(bits_at, __ATOMIC_RELAXED);
  for (;;) {
    float old;
    std::memcpy(&old, &bits, sizeof(old));
    const float sum = old + value;
    uint32_t sum_bits;
    std::memcpy(&sum_bits, &sum, sizeof(sum));
    if (__atomic_compare_exchange_n(bits_at, &bits, sum_bits, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
      return old;
    }
  }
}

inline uint32_t atomicMin(uint32_t* at, uint32_t value) {
  uint32_t old = __atomic_load_n(at, __ATOMIC_RELAXED);
  while (value < old &&
         !__atomic_compare_exchange_n(at, &old, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return old;
}

inline uint32_t atomicOr(uint32_t* at, uint32_t value) {
  return __atomic_fetch_or(at, value, __ATOMIC_RELAXED);
}

namespace paceline::gpu {

// As in ops/device.cuh: the arguments are copied, the kernel runs on the stream.
template <typename... Parameters, typename... Arguments>
Launched Launch(const char* call, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                StreamHandle stream, Arguments... arguments) {
  if (const char* error = fake::GridError(grid, block)) return {call, error};
  const fake::Grid shape{call, grid, block, fake::ThreadOrder()};
  auto run = [shape, kernel, packed = std::tuple<Parameters...>(arguments...)] {
    fake::RunGrid(shape, [&] { std::apply(kernel, packed); });
  };
  if (stream == nullptr) {
    run();
  } else {
    static_cast<fake::WorkQueue*>(stream)->Add(std::move(run));
  }
  return {};
}

}  // namespace paceline::gpu

// A variable of the block: `count` values of T, without a first value.
#define PL_SHARED(T, name, count)  \
  T* const name = static_cast<T*>( \
      ::paceline::gpu::fake::SharedMemory(sizeof(T) * count, __PRETTY_FUNCTION__, __LINE__))

#endif  // PACELINE_WORKER_GPU_FAKE_EMULATOR_H_

// What every .cu file starts from: nvcc's CUDA, or the emulator of worker/gpu/fake for
// any other compiler.
//
//   Launch("BiasActivation: cudaLaunchKernel", Kernel<4>, blocks, threads, stream, ...)
//   PL_SHARED(float, tile, 32 * 33);      __shared__ float tile[32 * 33];
//   PL_UNROLL, PL_UNROLL_4                #pragma unroll, four times
#ifndef PACELINE_WORKER_GPU_OPS_DEVICE_CUH_
#define PACELINE_WORKER_GPU_OPS_DEVICE_CUH_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

#ifdef __CUDACC__

#include <cuda_runtime.h>

#include <tuple>
#include <utility>

#define PL_SHARED(T, name, count) __shared__ T name[count]
#define PL_UNROLL _Pragma("unroll")
#define PL_UNROLL_4 _Pragma("unroll 4")

namespace paceline::gpu {

template <typename... Parameters, size_t... I>
cudaError_t LaunchPacked(void (*kernel)(Parameters...), dim3 grid, dim3 block, cudaStream_t stream,
                         std::tuple<Parameters...> packed, std::index_sequence<I...>) {
  void* pointers[] = {&std::get<I>(packed)...};
  return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, block, pointers, 0, stream);
}

// Puts a kernel on a stream. `call` is what an error is reported with; static.
template <typename... Parameters, typename... Arguments>
Launched Launch(const char* call, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                StreamHandle stream, Arguments... arguments) {
  const cudaError_t error = LaunchPacked(kernel, grid, block, static_cast<cudaStream_t>(stream),
                                         std::tuple<Parameters...>(arguments...),
                                         std::index_sequence_for<Parameters...>());
  if (error == cudaSuccess) return {};
  // A launch that was refused is not reported again by the next call.
  (void)cudaGetLastError();
  return {call, cudaGetErrorString(error)};
}

}  // namespace paceline::gpu

#else

#define PL_UNROLL
#define PL_UNROLL_4

#include "worker/gpu/fake/emulator.h"

#endif  // __CUDACC__

namespace paceline::gpu {

// Threads of a block, where an operator has no reason for another number.
constexpr uint32_t kThreads = 256;
constexpr uint32_t kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffff;

// The most blocks of a launch, along x and along y. Beyond, each takes several pieces of
// work, a grid apart; few under the emulator, where that has to be tried.
#ifdef __CUDACC__
constexpr uint32_t kMaxBlocks = 1 << 16;
constexpr uint32_t kMaxBlocksY = 65535;
#else
constexpr uint32_t kMaxBlocks = 24;
constexpr uint32_t kMaxBlocksY = 2;
#endif

// Blocks for `work` pieces of work, of which a block takes `per_block` at a time.
inline uint32_t BlocksFor(uint64_t work, uint64_t per_block = kThreads) {
  const uint64_t blocks = (work + per_block - 1) / per_block;
  return static_cast<uint32_t>(blocks < kMaxBlocks ? blocks : kMaxBlocks);
}

// The smallest power of two that is not below `n`, at most `limit` (a power of two).
inline uint32_t PowerOfTwo(uint64_t n, uint32_t limit) {
  uint32_t power = 1;
  while (power < n && power < limit) power *= 2;
  return power;
}

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_DEVICE_CUH_

// Where the buffers of a test case live: on a GPU, or on the CPU for the emulator.
//
// Owned by one thread.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_MEMORY_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu::testing {

class Memory {
 public:
  virtual ~Memory() = default;

  // `bytes` at a multiple of 256, each 0xff (floats that nobody wrote are NaN), or, where
  // a tool watches for reads of what nobody wrote, with nothing in them.
  virtual void* Allocate(size_t bytes) = 0;
  // Frees all. Returns what was found damaged around them, empty if nothing.
  virtual std::string FreeAll() = 0;

  virtual void Upload(void* to, const void* from, size_t bytes) = 0;
  virtual void Download(void* to, const void* from, size_t bytes) = 0;

  virtual StreamHandle stream() = 0;
  // Waits for the stream. Returns what went wrong on it, empty if nothing.
  virtual std::string Wait() = 0;
};

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_MEMORY_H_

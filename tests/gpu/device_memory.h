// Buffers of a test case on the GPU, and their stream.
//
// Owned by one thread.
#ifndef PACELINE_TESTS_GPU_DEVICE_MEMORY_H_
#define PACELINE_TESTS_GPU_DEVICE_MEMORY_H_

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>
#include <vector>

#include "worker/gpu/ops/testing/memory.h"

namespace paceline::gpu::testing {

enum class Buffers {
  // 0xff inside, and guards around that FreeAll looks at.
  kGuarded,
  // 0xff inside and nothing around: for a tool that watches the bounds itself.
  kExact,
  // Nothing inside: for a tool that watches for reads of what nobody wrote.
  kUnwritten,
};

class DeviceMemory : public Memory {
 public:
  // Prints and exits with 1 if CUDA cannot make a stream: nothing can be tested then.
  explicit DeviceMemory(Buffers buffers);
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory() override;

  void* Allocate(size_t bytes) override;
  std::string FreeAll() override;
  void Upload(void* to, const void* from, size_t bytes) override;
  void Download(void* to, const void* from, size_t bytes) override;
  StreamHandle stream() override { return stream_; }
  std::string Wait() override;

 private:
  struct Allocation {
    unsigned char* base;
    size_t bytes;
  };

  const Buffers buffers_;
  cudaStream_t stream_ = nullptr;
  std::vector<Allocation> allocations_;
};

// Prints the call and CUDA's text and exits with 1, unless it went well.
void Require(cudaError_t error, const char* call);

}  // namespace paceline::gpu::testing

#endif  // PACELINE_TESTS_GPU_DEVICE_MEMORY_H_

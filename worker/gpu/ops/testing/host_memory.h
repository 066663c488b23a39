// Buffers on the CPU, for kernels of the emulator; launches run at once.
//
// Owned by one thread.
#ifndef PACELINE_WORKER_GPU_OPS_TESTING_HOST_MEMORY_H_
#define PACELINE_WORKER_GPU_OPS_TESTING_HOST_MEMORY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "worker/gpu/ops/testing/memory.h"

namespace paceline::gpu::testing {

// A buffer is an allocation of just its size: AddressSanitizer sees what leaves it.
class HostMemory : public Memory {
 public:
  HostMemory() = default;
  HostMemory(const HostMemory&) = delete;
  HostMemory& operator=(const HostMemory&) = delete;
  ~HostMemory() override { (void)FreeAll(); }

  void* Allocate(size_t bytes) override;
  std::string FreeAll() override;
  void Upload(void* to, const void* from, size_t bytes) override;
  void Download(void* to, const void* from, size_t bytes) override;
  StreamHandle stream() override { return nullptr; }
  std::string Wait() override { return {}; }

 private:
  std::vector<void*> allocations_;
};

}  // namespace paceline::gpu::testing

#endif  // PACELINE_WORKER_GPU_OPS_TESTING_HOST_MEMORY_H_

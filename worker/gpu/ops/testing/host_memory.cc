#include "worker/gpu/ops/testing/host_memory.h"

#include <cstdlib>
#include <cstring>

namespace paceline::gpu::testing {

void* HostMemory::Allocate(size_t bytes) {
  void* at = nullptr;
  if (posix_memalign(&at, 256, bytes == 0 ? 1 : bytes) != 0) std::abort();
  std::memset(at, 0xff, bytes);
  allocations_.push_back(at);
  return at;
}

std::string HostMemory::FreeAll() {
  for (void* at : allocations_) std::free(at);
  allocations_.clear();
  return {};
}

void HostMemory::Upload(void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}

void HostMemory::Download(void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}

}  // namespace paceline::gpu::testing

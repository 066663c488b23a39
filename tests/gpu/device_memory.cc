#include "tests/gpu/device_memory.h"

#include <cstdio>
#include <cstdlib>

namespace paceline::gpu::testing {
namespace {

// A multiple of 256: what lies between keeps the alignment of cudaMalloc.
constexpr size_t kGuardBytes = 1024;
constexpr int kGuard = 0xa5;

}  // namespace

void Require(cudaError_t error, const char* call) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", call, cudaGetErrorString(error));
  std::exit(1);
}

DeviceMemory::DeviceMemory(Buffers buffers) : buffers_(buffers) {
  Require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
}

DeviceMemory::~DeviceMemory() {
  (void)FreeAll();
  (void)cudaStreamDestroy(stream_);
}

void* DeviceMemory::Allocate(size_t bytes) {
  const size_t guard = buffers_ == Buffers::kGuarded ? kGuardBytes : 0;
  void* base = nullptr;
  Require(cudaMalloc(&base, bytes + 2 * guard + (bytes + guard == 0 ? 1 : 0)), "cudaMalloc");
  allocations_.push_back({static_cast<unsigned char*>(base), bytes});
  unsigned char* at = allocations_.back().base + guard;
  if (guard > 0) {
    Require(cudaMemset(base, kGuard, bytes + 2 * guard), "cudaMemset");
  }
  if (buffers_ != Buffers::kUnwritten && bytes > 0) {
    Require(cudaMemset(at, 0xff, bytes), "cudaMemset");
  }
  // The stream does not wait for the default one.
  Require(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  return at;
}

std::string DeviceMemory::FreeAll() {
  std::string damage;
  unsigned char guard[kGuardBytes];
  for (size_t i = 0; i < allocations_.size(); ++i) {
    const Allocation& one = allocations_[i];
    const size_t sides[] = {0, kGuardBytes + one.bytes};
    for (const size_t side : sides) {
      if (buffers_ != Buffers::kGuarded) continue;
      Download(guard, one.base + side, kGuardBytes);
      for (size_t k = 0; k < kGuardBytes; ++k) {
        if (guard[k] == kGuard || !damage.empty()) continue;
        const long long offset =
            static_cast<long long>(side + k) - static_cast<long long>(kGuardBytes);
        damage = "buffer " + std::to_string(i) + " of " + std::to_string(one.bytes) +
                 " bytes: something was written at its byte " + std::to_string(offset);
      }
    }
    Require(cudaFree(one.base), "cudaFree");
  }
  allocations_.clear();
  return damage;
}

void DeviceMemory::Upload(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  Require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "cudaMemcpyAsync");
  Require(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

void DeviceMemory::Download(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  Require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync");
  Require(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
}

std::string DeviceMemory::Wait() {
  const cudaError_t error = cudaStreamSynchronize(stream_);
  if (error == cudaSuccess) return {};
  return std::string("cudaStreamSynchronize: ") + cudaGetErrorString(error);
}

}  // namespace paceline::gpu::testing

#include "worker/gpu/find_gpus.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/gpu/cuda/cublas.h"

namespace paceline::gpu {
namespace {

// What the operators are built for: Turing.
constexpr uint32_t kLeastArchitecture = 75;

std::string UuidOf(const cudaUUID_t& uuid) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    absl::StrAppendFormat(&text, "%02x", static_cast<unsigned char>(uuid.bytes[i]));
  }
  return text;
}

std::string NoDevice(cudaError_t error) {
  void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return "no NVIDIA driver: libcuda.so.1 is not found";
  dlclose(driver);
  return absl::StrCat("the NVIDIA driver finds no GPU: ", cudaGetErrorString(error));
}

}  // namespace

GpusFound FindGpus() {
  GpusFound found;
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted != cudaSuccess || count == 0) {
    cudaGetLastError();
    found.reason = NoDevice(counted == cudaSuccess ? cudaErrorNoDevice : counted);
    return found;
  }
  if (const absl::StatusOr<Cublas>& cublas = LoadCublas(); !cublas.ok()) {
    found.reason = std::string(cublas.status().message());
    return found;
  }
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    cudaDeviceProp properties = {};
    const cudaError_t got = cudaGetDeviceProperties(&properties, ordinal);
    if (got != cudaSuccess) {
      cudaGetLastError();
      found.reason =
          absl::StrCat("GPU ", ordinal, ": cudaGetDeviceProperties: ", cudaGetErrorString(got));
      continue;
    }
    const auto architecture = static_cast<uint32_t>(10 * properties.major + properties.minor);
    if (architecture < kLeastArchitecture) {
      found.reason =
          absl::StrFormat("GPU %d (%s): compute capability %d.%d expected at least, got %d.%d",
                          ordinal, properties.name, kLeastArchitecture / 10,
                          kLeastArchitecture % 10, properties.major, properties.minor);
      continue;
    }
    found.gpus.push_back({.ordinal = static_cast<uint32_t>(ordinal),
                          .uuid = UuidOf(properties.uuid),
                          .name = properties.name,
                          .memory_bytes = properties.totalGlobalMem,
                          .architecture = architecture});
  }
  if (!found.gpus.empty()) found.reason.clear();
  return found;
}

}  // namespace paceline::gpu

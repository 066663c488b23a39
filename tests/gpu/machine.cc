#include "tests/gpu/machine.h"

#include <cuda_runtime_api.h>

#include <cstdio>
#include <ctime>

namespace paceline::gpu::testing {
namespace {

// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue ...", or with "Open
// Kernel Module for x86_64": the first word of digits and dots.
std::string DriverVersion() {
  std::FILE* file = std::fopen("/proc/driver/nvidia/version", "r");
  if (file == nullptr) return {};
  std::string version;
  char word[128];
  while (version.empty() && std::fscanf(file, "%127s", word) == 1) {
    const std::string text = word;
    const bool numbers = text.find_first_not_of("0123456789.") == std::string::npos;
    if (numbers && text.find('.') != std::string::npos) version = text;
  }
  std::fclose(file);
  return version;
}

std::string Today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc;
  gmtime_r(&now, &utc);
  char text[16];
  std::strftime(text, sizeof(text), "%Y-%m-%d", &utc);
  return text;
}

std::string CudaText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

bool FindMachine(Machine* machine, std::string* why_not) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    *why_not = error != cudaSuccess ? cudaGetErrorString(error) : "CUDA counts no device";
    return false;
  }
  cudaDeviceProp properties;
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) {
    *why_not = "the properties of the first GPU cannot be read";
    return false;
  }
  machine->gpu = properties.name;
  machine->architecture = properties.major * 10 + properties.minor;
  machine->multiprocessors = properties.multiProcessorCount;
  machine->memory_bytes = properties.totalGlobalMem;
  machine->l2_bytes = static_cast<size_t>(properties.l2CacheSize);
  (void)cudaDriverGetVersion(&machine->driver_cuda);
  (void)cudaRuntimeGetVersion(&machine->runtime_cuda);
  machine->driver = DriverVersion();
  machine->date = Today();
  return true;
}

std::string Text(const Machine& m) {
  return m.gpu + " (sm_" + std::to_string(m.architecture) + ", " +
         std::to_string(m.multiprocessors) + " multiprocessors, " +
         std::to_string(m.memory_bytes >> 20) + " MiB, L2 " + std::to_string(m.l2_bytes >> 20) +
         " MiB), driver " + (m.driver.empty() ? "unknown" : m.driver) + " (CUDA " +
         CudaText(m.driver_cuda) + "), built with CUDA " + CudaText(m.runtime_cuda) + ", " + m.date;
}

}  // namespace paceline::gpu::testing

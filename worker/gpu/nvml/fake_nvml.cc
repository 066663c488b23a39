#include "worker/gpu/nvml/fake_nvml.h"

#include <cstdio>
#include <cstring>
#include <thread>

#include "worker/gpu/nvml/nvml_abi.h"

namespace abi = paceline::gpu::nvml_abi;

extern "C" {

paceline::gpu::FakeNvml fake_nvml;

#ifndef FAKE_NVML_WITHOUT_INIT
abi::Return nvmlInit_v2() {
  ++fake_nvml.inits;
  return fake_nvml.init;
}
#endif

abi::Return nvmlShutdown() {
  ++fake_nvml.shutdowns;
  return abi::kSuccess;
}

abi::Return nvmlDeviceGetHandleByUUID(const char* uuid, abi::Device* device) {
  if (fake_nvml.handle != abi::kSuccess) return fake_nvml.handle;
  if (std::strncmp(uuid, "GPU-", 4) != 0) return abi::kErrorNotFound;
  *device = reinterpret_cast<abi::Device>(&fake_nvml);
  return abi::kSuccess;
}

abi::Return nvmlDeviceGetMemoryInfo(abi::Device device, abi::Memory* memory) {
  ++fake_nvml.reads;
  while (fake_nvml.hang) {
    fake_nvml.hangs = true;
    std::this_thread::yield();
  }
  fake_nvml.hangs = false;
  if (device != reinterpret_cast<abi::Device>(&fake_nvml)) return abi::kErrorUnknown;
  *memory = {.total = 1000, .free = 1000 - fake_nvml.used, .used = fake_nvml.used};
  return fake_nvml.memory;
}

// An old driver, say, has none of the following.
#ifndef FAKE_NVML_SMALL
const char* nvmlErrorString(abi::Return code) {
  return code == abi::kErrorNotFound ? "Not Found" : "Unknown Error";
}

abi::Return nvmlSystemGetDriverVersion(char* version, unsigned int length) {
  std::snprintf(version, length, "580.65.06");
  return abi::kSuccess;
}

abi::Return nvmlDeviceGetUtilizationRates(abi::Device, abi::Utilization* utilization) {
  *utilization = {.gpu = 97, .memory = 41};
  return fake_nvml.utilization;
}

abi::Return nvmlDeviceGetTemperature(abi::Device, int sensor, unsigned int* celsius) {
  if (sensor != abi::kTemperatureGpu) return abi::kErrorUnknown;
  *celsius = fake_nvml.celsius;
  return fake_nvml.temperature;
}

abi::Return nvmlDeviceGetTotalEccErrors(abi::Device, int type, int counter,
                                        unsigned long long* errors) {
  if (type != abi::kErrorTypeUncorrected || counter != abi::kVolatileEcc) return abi::kErrorUnknown;
  *errors = 3;
  return fake_nvml.ecc;
}
#endif

}  // extern "C"

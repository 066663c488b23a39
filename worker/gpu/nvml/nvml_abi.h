// The few functions and structures of NVML's stable C interface that are used here, declared
// anew: the library comes with the driver, its header with a toolkit that need not be there.
// Names and numbers are those of nvml.h; none of them has changed since NVML 2 (driver 319).
#ifndef PACELINE_WORKER_GPU_NVML_NVML_ABI_H_
#define PACELINE_WORKER_GPU_NVML_NVML_ABI_H_

namespace paceline::gpu::nvml_abi {

// nvmlReturn_t.
using Return = int;
inline constexpr Return kSuccess = 0;
inline constexpr Return kErrorNotSupported = 3;
inline constexpr Return kErrorNotFound = 6;
inline constexpr Return kErrorUnknown = 999;

// nvmlDevice_t: opaque.
using Device = struct nvmlDevice_st*;

// nvmlMemory_t, bytes.
struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

// nvmlUtilization_t, percent.
struct Utilization {
  unsigned int gpu;
  unsigned int memory;
};

// nvmlTemperatureSensors_t NVML_TEMPERATURE_GPU.
inline constexpr int kTemperatureGpu = 0;
// nvmlMemoryErrorType_t NVML_MEMORY_ERROR_TYPE_UNCORRECTED.
inline constexpr int kErrorTypeUncorrected = 1;
// nvmlEccCounterType_t NVML_VOLATILE_ECC.
inline constexpr int kVolatileEcc = 0;
// NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE.
inline constexpr unsigned int kVersionBytes = 80;

using Init = Return (*)();                                   // nvmlInit_v2
using Shutdown = Return (*)();                               // nvmlShutdown
using ErrorString = const char* (*)(Return);                 // nvmlErrorString
using DriverVersion = Return (*)(char*, unsigned int);       // nvmlSystemGetDriverVersion
using HandleByUuid = Return (*)(const char*, Device*);       // nvmlDeviceGetHandleByUUID
using MemoryInfo = Return (*)(Device, Memory*);              // nvmlDeviceGetMemoryInfo
using UtilizationRates = Return (*)(Device, Utilization*);   // nvmlDeviceGetUtilizationRates
using Temperature = Return (*)(Device, int, unsigned int*);  // nvmlDeviceGetTemperature
using EccErrors = Return (*)(Device, int, int, unsigned long long*);  // nvmlDeviceGetTotalEccErrors

}  // namespace paceline::gpu::nvml_abi

#endif  // PACELINE_WORKER_GPU_NVML_NVML_ABI_H_

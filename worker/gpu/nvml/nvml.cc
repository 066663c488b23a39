#include "worker/gpu/nvml/nvml.h"

#include <dlfcn.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline::gpu {
namespace {

template <typename Function>
Function Find(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Nvml>> Nvml::Load(const std::string& library) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = dlerror();
    return absl::NotFoundError(
        absl::StrCat("NVML cannot be loaded: ", why == nullptr ? library : why));
  }
  std::unique_ptr<Nvml> nvml(new Nvml(handle));
  PL_RETURN_IF_ERROR(nvml->Start(library));
  return nvml;
}

Nvml::Nvml(void* library)
    : init_(Find<nvml_abi::Init>(library, "nvmlInit_v2")),
      shutdown_(Find<nvml_abi::Shutdown>(library, "nvmlShutdown")),
      error_string_(Find<nvml_abi::ErrorString>(library, "nvmlErrorString")),
      driver_version_(Find<nvml_abi::DriverVersion>(library, "nvmlSystemGetDriverVersion")),
      handle_by_uuid_(Find<nvml_abi::HandleByUuid>(library, "nvmlDeviceGetHandleByUUID")),
      memory_info_(Find<nvml_abi::MemoryInfo>(library, "nvmlDeviceGetMemoryInfo")),
      utilization_rates_(
          Find<nvml_abi::UtilizationRates>(library, "nvmlDeviceGetUtilizationRates")),
      temperature_(Find<nvml_abi::Temperature>(library, "nvmlDeviceGetTemperature")),
      ecc_errors_(Find<nvml_abi::EccErrors>(library, "nvmlDeviceGetTotalEccErrors")) {}

Nvml::~Nvml() {
  if (started_ && shutdown_ != nullptr) shutdown_();
}

absl::Status Nvml::Start(const std::string& name) {
  if (init_ == nullptr || handle_by_uuid_ == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        name, " has no ", init_ == nullptr ? "nvmlInit_v2" : "nvmlDeviceGetHandleByUUID"));
  }
  const nvml_abi::Return code = init_();
  if (code != nvml_abi::kSuccess) {
    return absl::UnavailableError(absl::StrCat("nvmlInit_v2: ", Describe(code)));
  }
  started_ = true;
  return absl::OkStatus();
}

std::string Nvml::Describe(nvml_abi::Return code) const {
  const char* const text = error_string_ == nullptr ? nullptr : error_string_(code);
  return text == nullptr ? absl::StrCat("error ", code) : absl::StrCat(text, " (", code, ")");
}

std::string Nvml::DriverVersion() const {
  char version[nvml_abi::kVersionBytes] = {};
  if (driver_version_ == nullptr ||
      driver_version_(version, sizeof(version) - 1) != nvml_abi::kSuccess) {
    return "";
  }
  return version;
}

GpuFacts Nvml::Read(const std::string& uuid) const {
  GpuFacts facts;
  nvml_abi::Device device = nullptr;
  if (const nvml_abi::Return code = handle_by_uuid_(uuid.c_str(), &device);
      code != nvml_abi::kSuccess) {
    facts.error = absl::StrCat("nvmlDeviceGetHandleByUUID ", uuid, ": ", Describe(code));
    return facts;
  }
  nvml_abi::Memory memory = {};
  if (memory_info_ != nullptr && memory_info_(device, &memory) == nvml_abi::kSuccess) {
    facts.memory_used_bytes = memory.used;
  }
  nvml_abi::Utilization utilization = {};
  if (utilization_rates_ != nullptr &&
      utilization_rates_(device, &utilization) == nvml_abi::kSuccess) {
    facts.utilization_percent = utilization.gpu;
  }
  unsigned int celsius = 0;
  if (temperature_ != nullptr &&
      temperature_(device, nvml_abi::kTemperatureGpu, &celsius) == nvml_abi::kSuccess) {
    facts.temperature_celsius = celsius;
  }
  unsigned long long errors = 0;
  if (ecc_errors_ != nullptr &&
      ecc_errors_(device, nvml_abi::kErrorTypeUncorrected, nvml_abi::kVolatileEcc, &errors) ==
          nvml_abi::kSuccess) {
    facts.ecc_errors = errors;
  }
  return facts;
}

}  // namespace paceline::gpu

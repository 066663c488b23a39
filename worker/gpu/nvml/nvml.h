// NVML, the driver's library of facts about GPUs, loaded at run time: without it, or
// without some of it, there are fewer facts and nothing else is different.
//
//   PL_ASSIGN_OR_RETURN(auto nvml, Nvml::Load("libnvidia-ml.so.1"));
//   const GpuFacts facts = nvml->Read("GPU-5d1c...");
//
// Calls go to the driver and may block for as long as that hangs.
#ifndef PACELINE_WORKER_GPU_NVML_NVML_H_
#define PACELINE_WORKER_GPU_NVML_NVML_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "worker/gpu/nvml/nvml_abi.h"

namespace paceline::gpu {

// What a GPU says of itself now; what it does not have, or NVML does not know, is absent.
struct GpuFacts {
  // Of all processes, the driver's own share included.
  std::optional<uint64_t> memory_used_bytes;
  // Part of the last sample period (up to a second) in which a kernel ran, 0 to 100.
  std::optional<uint32_t> utilization_percent;
  std::optional<uint32_t> temperature_celsius;
  // Uncorrected, since the driver was loaded.
  std::optional<uint64_t> ecc_errors;
  // Not empty: the GPU was not found, and why.
  std::string error;
};

// Thread-compatible.
class Nvml {
 public:
  // Errors:  NotFound             the library cannot be loaded.
  //          FailedPrecondition   it lacks a function without which nothing can be read.
  //          Unavailable          it does not start; in its words.
  static absl::StatusOr<std::unique_ptr<Nvml>> Load(const std::string& library);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  // Empty if it does not say.
  std::string DriverVersion() const;

  // `uuid`: "GPU-" and 36 characters.
  GpuFacts Read(const std::string& uuid) const;

 private:
  // `library` is never unloaded: a driver may keep threads of its own in it.
  explicit Nvml(void* library);
  absl::Status Start(const std::string& name);
  std::string Describe(nvml_abi::Return code) const;

  bool started_ = false;
  // Null: the library has none.
  nvml_abi::Init init_;
  nvml_abi::Shutdown shutdown_;
  nvml_abi::ErrorString error_string_;
  nvml_abi::DriverVersion driver_version_;
  nvml_abi::HandleByUuid handle_by_uuid_;
  nvml_abi::MemoryInfo memory_info_;
  nvml_abi::UtilizationRates utilization_rates_;
  nvml_abi::Temperature temperature_;
  nvml_abi::EccErrors ecc_errors_;
};

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_NVML_NVML_H_

// The reference device: OpenBLAS and Highway on the calling thread.
#ifndef PACELINE_WORKER_CORE_DEVICE_CPU_DEVICE_H_
#define PACELINE_WORKER_CORE_DEVICE_CPU_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "worker/core/device/device.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// Runs every kind of model but layers; `trace` gets the spans of its runners.
// Thread-compatible.
class CpuDevice final : public Device {
 public:
  explicit CpuDevice(const Trace& trace = {}) : trace_(trace) {}

  absl::string_view name() const override { return "cpu"; }
  std::string numeric_class() const override;
  absl::StatusOr<std::unique_ptr<Runner>> CreateRunner(const v1::JobSpec& spec, const Model& model,
                                                       uint64_t features,
                                                       uint32_t classes) override;

 private:
  const Trace trace_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DEVICE_CPU_DEVICE_H_

// From the word in a job spec to a Device.
#ifndef PACELINE_WORKER_IO_TASK_DEVICE_FACTORY_H_
#define PACELINE_WORKER_IO_TASK_DEVICE_FACTORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "proto/job.pb.h"
#include "worker/core/device/device.h"
#include "worker/core/trace/tracer.h"

namespace paceline::worker {

struct DeviceOptions {
  // Unspecified counts as auto.
  v1::DeviceKind kind = v1::DEVICE_KIND_AUTO;
  // cuda: the GPU, as CUDA counts.
  uint32_t gpu = 0;
  // Why `kind` was chosen. Empty: it was asked for.
  std::string reason;
  // Times the emulated device and dates spans; outlives the device.
  Clock* clock = nullptr;
  // Gets the spans of what the device does; outlives it. Null: nobody wants them.
  Tracer* tracer = nullptr;
};

struct DeviceChoice {
  std::unique_ptr<Device> device;
  // What it is ("NVIDIA H100 80GB HBM3", "cpu/AVX3/..."), and why it was chosen.
  std::string name;
  std::string reason;
  // What people should know of the choice, for the task's log: what `auto` became
  // and why, the kernels in use, and whether slow ones were loaded.
  std::vector<std::string> notes;
};

using DeviceFactory = std::function<absl::StatusOr<DeviceChoice>(const DeviceOptions&)>;

// What needs no GPU: cpu, which auto is, too, and emulated. worker/create_device.h has all.
// Errors:  FailedPrecondition  cuda.
//          InvalidArgument     an unknown kind.
// Thread-safe.
absl::StatusOr<DeviceChoice> CreateHostDevice(const DeviceOptions& options);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_DEVICE_FACTORY_H_

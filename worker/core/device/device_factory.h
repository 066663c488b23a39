// From the word in a job spec to a Device.
#ifndef PACELINE_WORKER_CORE_DEVICE_DEVICE_FACTORY_H_
#define PACELINE_WORKER_CORE_DEVICE_DEVICE_FACTORY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "proto/job.pb.h"
#include "worker/core/device/device.h"

namespace paceline::worker {

struct DeviceChoice {
  std::unique_ptr<Device> device;
  // What people should know of the choice, for the task's log: what `auto` became
  // and why, the kernels in use, and whether slow ones were loaded.
  std::vector<std::string> notes;
};

// The device for `kind`; unspecified counts as auto. `clock` times the emulated
// device and outlives the result.
// Errors:  FailedPrecondition  cuda: this build or machine has none.
//          InvalidArgument     an unknown kind.
// Thread-safe.
absl::StatusOr<DeviceChoice> CreateDevice(v1::DeviceKind kind, Clock* clock);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_DEVICE_DEVICE_FACTORY_H_

// Every device that a task can have.
#ifndef PACELINE_WORKER_CREATE_DEVICE_H_
#define PACELINE_WORKER_CREATE_DEVICE_H_

#include "absl/status/statusor.h"
#include "worker/io/task/device_factory.h"

namespace paceline::worker {

// cuda, and those of CreateHostDevice.
// Errors:  FailedPrecondition  cuda: this build or machine has none; says what is missing.
//          ResourceExhausted   cuda: its memory is taken.
//          InvalidArgument     an unknown kind.
// Thread-safe.
absl::StatusOr<DeviceChoice> CreateDevice(const DeviceOptions& options);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CREATE_DEVICE_H_

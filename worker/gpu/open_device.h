// The device "cuda", of this build and this machine.
#ifndef PACELINE_WORKER_GPU_OPEN_DEVICE_H_
#define PACELINE_WORKER_GPU_OPEN_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "worker/core/device/device.h"
#include "worker/core/trace/tracer.h"

namespace paceline::worker {

struct OpenedGpu {
  std::unique_ptr<Device> device;
  // "NVIDIA H100 80GB HBM3".
  std::string name;
};

// GPU `ordinal`, as CUDA counts. Clock and tracer outlive the device; the tracer may be null.
// Errors:  FailedPrecondition  there is none; says what is missing.
//          ResourceExhausted   its memory is taken.
absl::StatusOr<OpenedGpu> OpenGpuDevice(uint32_t ordinal, Clock* clock, Tracer* tracer);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_OPEN_DEVICE_H_

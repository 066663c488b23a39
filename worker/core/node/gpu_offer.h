// What a worker offers to the scheduler, and what that means for each of its tasks.
//
//   --device     GPUs that tasks may get
//   auto         all that were found; if there are none, the processor
//   cpu          none
//   cuda         all that were found, at least one
//   cuda:N       that one
//   emulated     none; tasks that may choose are emulated
//
// Slots: one a GPU, else 1. With `--slots`: fewer than GPUs, and only so many GPUs are
// offered; more, and the rest are slots for tasks that compute on the processor.
//
// Pure functions.
#ifndef PACELINE_WORKER_CORE_NODE_GPU_OFFER_H_
#define PACELINE_WORKER_CORE_NODE_GPU_OFFER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/core/node/device_flag.h"
#include "worker/gpu/find_gpus.h"

namespace paceline::worker {

struct GpuOffer {
  DeviceFlag asked;
  // At most as many as slots.
  std::vector<gpu::GpuDescription> gpus;
  // Why there are none.
  std::string no_gpu_reason;
  uint32_t slots = 1;
};

// `found` is not looked at with cpu and emulated.
// Errors:  InvalidArgument     no slots.
//          FailedPrecondition  cuda, and there is no GPU, or not this one; what is missing.
absl::StatusOr<GpuOffer> OfferGpus(const DeviceFlag& asked, const gpu::GpusFound& found,
                                   std::optional<uint32_t> slots);

// For the log: "auto: 2 GPUs, 3 slots", "auto: the processor, since this build has no CUDA
// toolkit; 1 slot".
std::string OfferText(const GpuOffer& offer);

// On what a task computes whose job leaves that open, and why.
struct TaskDevice {
  DeviceFlag device;
  std::string reason;
};

// For a task with this GPU of the worker, or with none.
// Errors:  FailedPrecondition  the worker does not offer this GPU; names those that it does.
absl::StatusOr<TaskDevice> DeviceOfTask(const GpuOffer& offer, std::optional<uint32_t> gpu);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_NODE_GPU_OFFER_H_

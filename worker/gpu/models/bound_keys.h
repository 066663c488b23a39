// The rows of a table that the keys of a batch by fields mean.
#ifndef PACELINE_WORKER_GPU_MODELS_BOUND_KEYS_H_
#define PACELINE_WORKER_GPU_MODELS_BOUND_KEYS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "worker/gpu/models/batch_stager.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Enqueued on the step's stream. Thread-compatible.
class BoundKeys {
 public:
  explicit BoundKeys(gpu::Gpu* gpu)
      : rows_(gpu, "rows of keys"), group_rows_(gpu, "rows of groups of keys") {}

  // Of the batch's first `count` keys, as they lie there, and of their groups. Looks them up
  // among the keys of `table` if that is sparse; missing ones go to step.outcome.
  absl::Status Bind(const GpuStep& step, int table, uint64_t count, const DeviceKeyGroups& groups);

  // Of each key, [count], and of each group.
  const uint32_t* rows() const { return bound_; }
  const uint32_t* group_rows() const { return bound_groups_; }
  // What Bind was given.
  const DeviceKeyGroups& groups() const { return groups_; }

 private:
  gpu::DeviceBuffer rows_;
  gpu::DeviceBuffer group_rows_;
  const uint32_t* bound_ = nullptr;
  const uint32_t* bound_groups_ = nullptr;
  DeviceKeyGroups groups_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_BOUND_KEYS_H_

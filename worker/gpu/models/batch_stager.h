// Brings batches to a GPU, ahead of the step that needs them.
//
//   PL_ASSIGN_OR_RETURN(std::shared_ptr<const StagedBatch> batch, stager->Stage(read));
//   PL_RETURN_IF_ERROR(batch->copied.HoldBack(compute));
//   WeightedRows(batch->n(), ..., batch->offsets(), ...)
//
// The memory of a batch, pinned and on the device, is used again once nobody holds it: no
// work that reads it may then be under way.
#ifndef PACELINE_WORKER_GPU_MODELS_BATCH_STAGER_H_
#define PACELINE_WORKER_GPU_MODELS_BATCH_STAGER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sync.h"
#include "worker/core/batch.h"
#include "worker/gpu/models/batch_layout.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// KeyGroups on the device: keys of a keyed batch, rows of others.
struct DeviceKeyGroups {
  uint64_t count = 0;
  const uint64_t* keys = nullptr;
  const uint32_t* rows = nullptr;
  const uint32_t* offsets = nullptr;
  const uint32_t* places = nullptr;
};

// On the device, from the time when `copied` has happened. Arrays as BatchLayout has them.
class StagedBatch {
 public:
  const BatchLayout& layout() const { return layout_; }
  uint64_t n() const { return layout_.n; }
  const float* labels() const { return At<float>(layout_.labels); }
  const float* values() const { return At<float>(layout_.values); }
  const uint32_t* offsets() const { return At<uint32_t>(layout_.offsets); }
  // Those of a keyed batch are features, others rows.
  const uint64_t* features() const { return At<uint64_t>(layout_.features); }
  const uint32_t* rows() const { return At<uint32_t>(layout_.features); }
  const uint64_t* group_features() const { return At<uint64_t>(layout_.group_features); }
  const uint32_t* group_rows() const { return At<uint32_t>(layout_.group_features); }
  const uint32_t* group_offsets() const { return At<uint32_t>(layout_.group_offsets); }
  const uint32_t* group_records() const { return At<uint32_t>(layout_.group_records); }
  const float* group_values() const { return At<float>(layout_.group_values); }
  DeviceKeyGroups embedded_groups() const { return At(layout_.embedded_groups); }
  DeviceKeyGroups all_groups() const { return At(layout_.all_groups); }
  // The feature of an entry of a keyed batch, on the host. Of one by fields, entries lie
  // field by field.
  uint64_t FeatureOf(uint64_t entry) const {
    return reinterpret_cast<const uint64_t*>(host_.as<uint8_t>() + layout_.features)[entry];
  }

  // Around the copy.
  const gpu::Event begun;
  const gpu::Event copied;

 private:
  friend class BatchStager;
  StagedBatch(gpu::Gpu* gpu, gpu::Event begun, gpu::Event copied);
  template <typename T>
  const T* At(uint64_t offset) const {
    return reinterpret_cast<const T*>(device_.as<uint8_t>() + offset);
  }

  DeviceKeyGroups At(const KeyGroupsLayout& at) const {
    return {at.count, At<uint64_t>(at.keys), At<uint32_t>(at.keys), At<uint32_t>(at.offsets),
            At<uint32_t>(at.places)};
  }

  BatchLayout layout_;
  gpu::PinnedBuffer host_;
  gpu::DeviceBuffer device_;
};

// Lives as long as one of its batches, and the GPU as long as it. Thread-safe.
class BatchStager : public std::enable_shared_from_this<BatchStager> {
 public:
  static absl::StatusOr<std::shared_ptr<BatchStager>> Create(std::shared_ptr<gpu::Gpu> gpu,
                                                             const BatchForm& form);

  // `batch` has passed GpuModel::CheckForm.
  // Errors:  those of PackedBatch::Create, and ResourceExhausted: no memory, host or device.
  absl::StatusOr<std::shared_ptr<const StagedBatch>> Stage(const Batch& batch);

 private:
  BatchStager(std::shared_ptr<gpu::Gpu> gpu, const BatchForm& form, gpu::Stream stream);
  absl::StatusOr<std::unique_ptr<StagedBatch>> Take();
  void Return(std::unique_ptr<StagedBatch> batch);

  const std::shared_ptr<gpu::Gpu> gpu_;
  const BatchForm form_;
  const gpu::Stream stream_;
  Mutex mu_;
  std::vector<std::unique_ptr<StagedBatch>> spare_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_BATCH_STAGER_H_

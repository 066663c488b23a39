// The linear map that meets the data, on a GPU: z = x * weight, for dense batches and
// entries, dense and sparse weight tables. worker/core/models/input_layer.h is the CPU's.
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_INPUT_LAYER_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_INPUT_LAYER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// The rows of a table that the entries of a batch mean. Enqueued on the step's stream.
// Thread-compatible.
class BoundRows {
 public:
  explicit BoundRows(gpu::Gpu* gpu)
      : rows_(gpu, "rows of entries"), group_rows_(gpu, "rows of features") {}

  // Looks them up among the keys of `table`; missing ones go to step.first_missing.
  absl::Status Bind(const GpuStep& step, int table);

  // Of each entry, and of each group.
  const uint32_t* rows() const { return bound_; }
  const uint32_t* group_rows() const { return bound_groups_; }

 private:
  gpu::DeviceBuffer rows_;
  gpu::DeviceBuffer group_rows_;
  const uint32_t* bound_ = nullptr;
  const uint32_t* bound_groups_ = nullptr;
};

// Thread-compatible; the GPU outlives it.
class GpuInputLayer {
 public:
  // `table` is [features, outputs]. `deterministic`: gradients of rows are sums in the
  // order of records, else in the order in which the GPU comes to them.
  GpuInputLayer(gpu::Gpu* gpu, int table, uint64_t features, uint32_t outputs, bool deterministic,
                const Products& products);

  // z [n, outputs] = x * weight.
  absl::Status Forward(const GpuStep& step, float* z);
  // The gradient of the table, without the step's loss scale, from that of z, which has it.
  // `z_gradient` may be scaled in place.
  absl::Status Backward(const GpuStep& step, const Factor& z_gradient, float* in_place,
                        DeviceGradients* gradients);

 private:
  gpu::Gpu* const gpu_;
  const int table_;
  const uint64_t features_;
  const uint32_t outputs_;
  const bool deterministic_;
  const Products products_;
  BoundRows bound_;
  gpu::DeviceBuffer weight_half_;
  gpu::DeviceBuffer x_half_;
  Factor x_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_INPUT_LAYER_H_

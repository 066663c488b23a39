// The linear part of a click model on a GPU: the weights of a record's keys, and its numbers
// by theirs.
//
//   z += sum_f weight[key_f] + <numbers, numbers' weights>
#ifndef PACELINE_WORKER_GPU_MODELS_CTR_GPU_WIDE_PART_H_
#define PACELINE_WORKER_GPU_MODELS_CTR_GPU_WIDE_PART_H_

#include <functional>

#include "absl/status/status.h"
#include "common/tables/ctr_tables.h"
#include "worker/gpu/models/bound_keys.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Keeps what Forward leaves for Backward. Thread-compatible; the GPU outlives it.
class GpuWidePart {
 public:
  // `numbers_table` is -1 where there are none. `deterministic`: gradients of rows are sums
  // in the order of records, else in the order in which the GPU comes to them.
  GpuWidePart(gpu::Gpu* gpu, int weight_table, int numbers_table, const CtrShape& shape,
              bool deterministic, const Products& products);

  // Adds to z [n]. `keys` are those of all fields, bound to the table of weights.
  absl::Status Forward(const GpuStep& step, const BoundKeys& keys, float* z);
  // The gradients of the tables, without the step's loss scale, from that of z [n], which has
  // it; `done` follows each.
  absl::Status Backward(const GpuStep& step, const BoundKeys& keys, const Factor& z_gradient,
                        DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done);

 private:
  absl::Status NumbersGradient(const GpuStep& step, const Factor& z_gradient,
                               DeviceGradients* gradients);
  absl::Status WeightGradient(const GpuStep& step, const BoundKeys& keys, const float* z_gradient,
                              DeviceGradients* gradients);

  gpu::Gpu* const gpu_;
  const int weight_table_;
  const int numbers_table_;
  const CtrShape shape_;
  const bool deterministic_;
  const Products products_;
  gpu::DeviceBuffer numbers_half_;
  gpu::DeviceBuffer weights_half_;
  // Of the batch, [n, numbers].
  Factor numbers_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_CTR_GPU_WIDE_PART_H_

// One family of models on a GPU: what it puts on the stream for a step. It never waits.
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_MODEL_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "worker/core/models/checks.h"
#include "worker/gpu/models/batch_stager.h"
#include "worker/gpu/models/device_gradients.h"
#include "worker/gpu/models/device_tables.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// What a GPU finds out in a step, in one piece for one copy.
struct GpuOutcome {
  // Of losses, unscaled.
  double loss_sum;
  // Positions of an entry and of a group whose feature has no row; UINT32_MAX: none.
  uint32_t first_missing;
  uint32_t first_missing_group;
  // Position within the second field of a batch by fields; first_missing is of the first.
  uint32_t first_missing_second;
  // 1: a gradient is not finite. Counted only where the loss is scaled.
  uint32_t not_finite;
};

// What a step works on. The stream waits for batch and tables already.
struct GpuStep {
  const gpu::Stream* stream = nullptr;
  const StagedBatch* batch = nullptr;
  const DeviceTables* tables = nullptr;
  // On the device.
  GpuOutcome* outcome = nullptr;
  // Results, [n, width] and [n].
  float* scores = nullptr;
  float* losses = nullptr;
  // On the gradients of losses, and taken back from those of tables: a power of two.
  float loss_scale = 1;
  // Of the sum of losses, beside it.
  float scale = 1;
  // Gradients follow: what only training does (dropout) is done, as a function of these.
  bool training = false;
  uint32_t rank = 0;
  uint64_t iteration = 0;
  // Positions of the batch, as Batch has them.
  uint64_t nominal = 0;
};

class GpuModel {
 public:
  virtual ~GpuModel() = default;

  virtual const BatchForm& form() const = 0;
  // Scores of a sample.
  virtual uint32_t width() const = 0;
  // As Runner::Start.
  virtual absl::Status Start(Dataset* /*train*/) { return absl::OkStatus(); }

  // The batch is well formed, and of the form. On any thread.
  // Errors:  InvalidArgument  those of CheckBatch.
  virtual absl::Status CheckForm(const Batch& batch, uint64_t features) const {
    return CheckBatch(batch, features);
  }
  // On the host, before anything else.
  // Errors:  InvalidArgument  naming the record of the batch and the label; batch and
  //                           parameters do not go together.
  virtual absl::Status Check(const Batch& batch, const Parameters& parameters) const = 0;

  // Scores and losses, and what Backward needs.
  virtual absl::Status Forward(const GpuStep& step) = 0;
  // Gradients of the step that Forward was last called for, from the last table to the
  // first; `done` follows each.
  virtual absl::Status Backward(const GpuStep& step, DeviceGradients* gradients,
                                const std::function<absl::Status(int table)>& done) = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_MODEL_H_

// The gradients of a job's tables on a GPU, and their way to the host.
//
//   PL_ASSIGN_OR_RETURN(float* gradient, gradients.Place(table, values));
//   ... kernels on `compute` write it ...
//   PL_RETURN_IF_ERROR(gradients.Leave(table, host, compute));
//   ... lower layers go on computing ...
//   PL_RETURN_IF_ERROR(gradients.Arrive(table));       // host has it
#ifndef PACELINE_WORKER_GPU_MODELS_DEVICE_GRADIENTS_H_
#define PACELINE_WORKER_GPU_MODELS_DEVICE_GRADIENTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/core/model.h"
#include "worker/gpu/models/copies.h"
#include "worker/gpu/models/step_trace.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Thread-compatible; the GPU outlives it.
class DeviceGradients {
 public:
  static absl::StatusOr<DeviceGradients> Create(gpu::Gpu* gpu,
                                                const std::vector<v1::TableSpec>& tables);

  // Room for so many values; what was there is lost.
  absl::StatusOr<float*> Place(int table, uint64_t values);
  const float* values(int table) const { return tables_[table].device.as<float>(); }
  uint64_t value_count(int table) const { return tables_[table].values; }

  // Copies them to `host`, behind what `compute` has now.
  absl::Status Leave(int table, float* host, const gpu::Stream& compute);
  // Waits for that.
  absl::Status Arrive(int table);
  // Waits for all that is under way, whatever became of it.
  void Drain();

  // Adds the span of a copy that has arrived.
  void Trace(int table, StepTrace* trace, uint64_t iteration) const;

 private:
  struct Table {
    gpu::DeviceBuffer device;
    CopyOut copy;
    uint64_t values = 0;
  };

  DeviceGradients(gpu::Stream stream, std::vector<Table> tables)
      : stream_(std::move(stream)), tables_(std::move(tables)) {}

  gpu::Stream stream_;
  std::vector<Table> tables_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_DEVICE_GRADIENTS_H_

// Runs a model on a GPU for the task: batches and tables in, gradients out, everything
// overlapped that does not depend on one another.
//
//   batch   read, packed, copied in   on the reader's thread, batches ahead (Stage)
//   tables  copied in                 as they arrive from servers (Upload), the rest in Gradient
//   compute forward, backward         one stream
//   tables  gradients copied out      another stream, behind each layer's backward; the task is
//                                     told as each is on the host, while lower ones compute
//
// Gradient returns when all of that is done. In a steady state nothing is allocated.
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_RUNNER_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_RUNNER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "proto/node.pb.h"
#include "worker/core/model.h"
#include "worker/core/trace/tracer.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/loss_scale.h"

namespace paceline::worker {

struct GpuRunnerOptions {
  std::shared_ptr<gpu::Gpu> gpu;
  // As ModelTables made them.
  std::vector<v1::TableSpec> tables;
  uint64_t features = 0;
  LossScale loss_scale;
  // Both outlive the runner; the tracer may be null.
  Clock* clock = nullptr;
  Tracer* tracer = nullptr;
};

// Errors:  ResourceExhausted  no memory, host or device.
//          Internal           the GPU fails, naming the call.
absl::StatusOr<std::unique_ptr<Runner>> CreateGpuRunner(GpuRunnerOptions options,
                                                        std::unique_ptr<GpuModel> model);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_RUNNER_H_

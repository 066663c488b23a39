// The GPU's form of each kind of model.
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_MODEL_FACTORY_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_MODEL_FACTORY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"

namespace paceline::worker {

// `model` has its defaults.
// Errors:  InvalidArgument  the kind has no GPU form, or the data's features do not fit it.
absl::StatusOr<std::unique_ptr<GpuModel>> CreateGpuModel(const v1::ModelSpec& model,
                                                         const GpuModelOptions& options);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_MODEL_FACTORY_H_

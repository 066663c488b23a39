// Linear and logistic regression on a GPU: z = x * weight + bias.
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_LINEAR_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_LINEAR_MODEL_H_

#include <memory>

#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"

namespace paceline::worker {

// `tables` are KIND/bias and KIND/weight as ModelTables made them; `loss` is squared or
// logistic.
std::unique_ptr<GpuModel> CreateGpuLinearModel(const GpuModelOptions& options, v1::Loss loss);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_LINEAR_MODEL_H_

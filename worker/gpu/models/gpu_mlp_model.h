// Multi-layer perceptron with a softmax over classes on a GPU; without hidden layers it is
// softmax regression. worker/core/models/mlp_runner.h has the formulas.
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_MLP_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_MLP_MODEL_H_

#include <memory>

#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"
#include "worker/gpu/ops/activation.h"

namespace paceline::worker {

// `tables` are bias and weight of each layer, first to last.
std::unique_ptr<GpuModel> CreateGpuMlpModel(const GpuModelOptions& options,
                                            gpu::ActivationKind activation);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_MLP_MODEL_H_

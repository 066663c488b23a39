// Matrix factorization on a GPU. worker/core/models/mf/mf_runner.h has the formula.
//
// It has no products of matrices, so that every precision is float32.
#ifndef PACELINE_WORKER_GPU_MODELS_MF_GPU_MF_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_MF_GPU_MF_MODEL_H_

#include <memory>

#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"

namespace paceline::worker {

// `tables` as worker/core/models/mf/mf_model.h numbers them; batches are by fields, user and item.
std::unique_ptr<GpuModel> CreateGpuMfModel(const GpuModelOptions& options);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_MF_GPU_MF_MODEL_H_

// Factorization machine on a GPU. worker/core/models/fm_runner.h has the formulas.
//
// Entries only: zeros of a dense batch change nothing. It has no products of matrices, so
// that every precision is float32.
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_FM_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_FM_MODEL_H_

#include <memory>

#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"

namespace paceline::worker {

// `tables` are fm/bias, fm/factors and fm/weight; `loss` is squared or logistic.
std::unique_ptr<GpuModel> CreateGpuFmModel(const GpuModelOptions& options, v1::Loss loss);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_FM_MODEL_H_

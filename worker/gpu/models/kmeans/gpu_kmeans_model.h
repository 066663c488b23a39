// Lloyd's k-means on a GPU. worker/core/models/kmeans/kmeans_runner.h has the formulas.
//
// Assignments, sums and losses of records have the bits of the CPU's, on all finite data:
// float64 in the same order, whatever precision and determinism the job asks for.
#ifndef PACELINE_WORKER_GPU_MODELS_KMEANS_GPU_KMEANS_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_KMEANS_GPU_KMEANS_MODEL_H_

#include <memory>

#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"

namespace paceline::worker {

// `tables` is kmeans/sums alone. Labels are ignored. The model has to be started before it
// computes gradients; a cluster without points is nobody's nearest in one that was not.
std::unique_ptr<GpuModel> CreateGpuKMeansModel(const GpuModelOptions& options);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_KMEANS_GPU_KMEANS_MODEL_H_

// Click models on a GPU: wide_deep, deepfm and dcn. worker/core/models/ctr/ctr_runner.h has the
// formulas.
#ifndef PACELINE_WORKER_GPU_MODELS_CTR_GPU_CTR_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_CTR_GPU_CTR_MODEL_H_

#include <memory>

#include "common/tables/ctr_tables.h"
#include "proto/job.pb.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"
#include "worker/gpu/ops/activation.h"

namespace paceline::worker {

// `tables` and `shape` as CtrTables and CtrShapeOf made them. Batches are by fields. Gradients
// become ready from the output down; that of the vectors is the last.
std::unique_ptr<GpuModel> CreateGpuCtrModel(const GpuModelOptions& options, v1::ModelKind kind,
                                            const CtrShape& shape, gpu::ActivationKind activation);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_CTR_GPU_CTR_MODEL_H_

// What every model on a GPU is made from.
#ifndef PACELINE_WORKER_GPU_MODELS_MODEL_OPTIONS_H_
#define PACELINE_WORKER_GPU_MODELS_MODEL_OPTIONS_H_

#include <cstdint>
#include <vector>

#include "common/tables/ctr_tables.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"
#include "worker/gpu/runtime/gpu.h"

namespace paceline::worker {

struct GpuModelOptions {
  // Outlives the model.
  gpu::Gpu* gpu = nullptr;
  // As ModelTables made them.
  std::vector<v1::TableSpec> tables;
  uint64_t features = 0;
  // Of click models.
  CtrShape ctr;
  v1::Precision precision = v1::PRECISION_FLOAT32;
  bool deterministic = true;
  // train.seed: what is drawn at random is a function of it.
  uint64_t seed = 0;
  // train.global_batch.
  uint32_t global_batch = 0;
  v1::ConsistencySpec consistency;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_MODEL_OPTIONS_H_

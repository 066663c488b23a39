// The language model on a GPU; worker/core/models/lm/lm_runner.h says what it computes.
//
// A batch goes through the network in chunks of windows whose activations fit in
// `chunk_bytes`, a window at least: memory does not grow with the batch. Each chunk but one
// goes forward a second time before it goes backward, since only one chunk's activations are
// kept; a batch that is one chunk pays nothing.
#ifndef PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_MODEL_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"

namespace paceline::worker {

inline constexpr uint64_t kLmChunkBytes = uint64_t{4} << 30;

// `lm` has its defaults; the tables are those of common/tables/lm_tables.h.
// Errors:  InvalidArgument  the features are not context + 1.
absl::StatusOr<std::unique_ptr<GpuModel>> CreateGpuLmModel(const GpuModelOptions& options,
                                                           const v1::LmSpec& lm,
                                                           uint64_t chunk_bytes = kLmChunkBytes);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_MODEL_H_

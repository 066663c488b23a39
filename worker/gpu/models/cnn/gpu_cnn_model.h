// Convolutional network with a softmax over classes on a GPU.
// worker/core/models/cnn/cnn_runner.h says what it computes.
//
// In training the rank's whole batch is on the device at once, with all that its layers make
// of it: memory grows with the batch, and where it does not suffice the error says for what.
// Evaluation is in chunks of samples whose activations take at most `chunk_bytes`.
#ifndef PACELINE_WORKER_GPU_MODELS_CNN_GPU_CNN_MODEL_H_
#define PACELINE_WORKER_GPU_MODELS_CNN_GPU_CNN_MODEL_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/model_options.h"
#include "worker/gpu/ops/activation.h"

namespace paceline::worker {

inline constexpr uint64_t kCnnChunkBytes = uint64_t{1} << 30;

// `model` has its defaults; the tables are those of common/tables/cnn_tables.h.
// Errors:  InvalidArgument  the images do not fit the blocks.
absl::StatusOr<std::unique_ptr<GpuModel>> CreateGpuCnnModel(const GpuModelOptions& options,
                                                            const v1::ModelSpec& model,
                                                            gpu::ActivationKind activation,
                                                            uint64_t chunk_bytes = kCnnChunkBytes);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_CNN_GPU_CNN_MODEL_H_

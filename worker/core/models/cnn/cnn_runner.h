// Convolutional network with a softmax over classes on the CPU: the blocks of model.cnn, then
// its hidden layers (cnn_block.h, dense_layers.h).
//
// Without batch norm a batch is computed in chunks of samples, by turns forward and
// backward, whose activations take at most about 64 MiB; with it all samples of the rank's
// batch meet in its statistics, and memory grows with them. Evaluation is always in chunks.
// Chunks are a function of the model: the same bytes in every run.
//
// Running statistics move by 0.1 times what they lack, times the part of train.global_batch
// that the rank has in this iteration: so far in each round, under every policy.
#ifndef PACELINE_WORKER_CORE_MODELS_CNN_CNN_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_CNN_CNN_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/core/math/activations.h"
#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `spec` has its defaults; `tables` are those that ModelTables made of it for records of
// `features` values. Gradients become ready from the last layer to the first block.
// Errors:  InvalidArgument  the images do not fit the blocks.
absl::StatusOr<std::unique_ptr<Runner>> CreateCnnRunner(const v1::JobSpec& spec,
                                                        const std::vector<v1::TableSpec>& tables,
                                                        uint64_t features,
                                                        ActivationFunction activation,
                                                        const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CNN_CNN_RUNNER_H_

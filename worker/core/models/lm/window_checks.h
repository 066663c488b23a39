// What every runner of a language model verifies of its data.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_WINDOW_CHECKS_H_
#define PACELINE_WORKER_CORE_MODELS_LM_WINDOW_CHECKS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "worker/core/batch.h"

namespace paceline::worker {

// Data of windows have a feature for each byte of the context, and one for the byte behind.
// Errors:  InvalidArgument  they do not.
absl::Status CheckWindowSize(uint64_t features, uint64_t context);

// The batch is well formed, and its records are windows of context + 1 bytes.
// Errors:  InvalidArgument  naming the record of the batch and the value; those of CheckBatch.
absl::Status CheckWindows(const Batch& batch, uint64_t context);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_WINDOW_CHECKS_H_

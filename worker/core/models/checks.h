// What a runner verifies before it computes: a batch and parameters come from
// files and from servers, and must not be able to crash a task.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_CHECKS_H_
#define PACELINE_WORKER_CORE_MODELS_CHECKS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "worker/core/model.h"

namespace paceline::worker {

// The batch is well formed and its feature indices are below `features`.
// Errors:  InvalidArgument  naming the record of the batch (from 0) and the index,
//                           or the sizes that do not fit.
absl::Status CheckBatch(const Batch& batch, uint64_t features);

// One entry per table, with the shape that the table has; keys of sparse tables
// are ascending and distinct.
// Errors:  InvalidArgument  naming the table.
absl::Status CheckParameters(const std::vector<v1::TableSpec>& tables,
                             const Parameters& parameters);

// Every label is finite / is 0 or 1 / is a whole number in [0, classes).
// Errors:  InvalidArgument  naming the record of the batch and the label.
absl::Status CheckFiniteLabels(absl::Span<const float> labels);
absl::Status CheckBinaryLabels(absl::Span<const float> labels);
absl::Status CheckClassLabels(absl::Span<const float> labels, uint32_t classes);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CHECKS_H_

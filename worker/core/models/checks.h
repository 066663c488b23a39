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
#include "proto/job.pb.h"
#include "worker/core/model.h"

namespace paceline::worker {

// The batch is well formed and its feature indices are below `features`.
// Errors:  InvalidArgument  naming the record of the batch (from 0) and the index,
//                           or the sizes that do not fit.
absl::Status CheckBatch(const Batch& batch, uint64_t features);

// The tables are those of the spec, which has its defaults, with these features and
// classes: runners rely on the shapes that ModelTables gives.
// Errors:  InvalidArgument  naming the table; those of ModelTables.
absl::Status CheckTables(const v1::JobSpec& spec, uint64_t features, uint32_t classes,
                         const std::vector<v1::TableSpec>& got);

// One entry per table, with the shape that the table has; keys of sparse tables
// are ascending and distinct.
// Errors:  InvalidArgument  naming the table.
absl::Status CheckParameters(const std::vector<v1::TableSpec>& tables,
                             const Parameters& parameters);

// A dense batch that meets a table indexed by feature: if that is sparse, the keys are all
// features, so that row i is feature i. A batch of entries needs no more than its own.
// Errors:  InvalidArgument  naming the table.
absl::Status CheckKeysOfDense(const v1::TableSpec& table, const Batch& batch,
                              const std::vector<uint64_t>& keys, uint64_t features);

// Two tables that are read by the same rows have the same keys.
// Errors:  InvalidArgument  naming both.
absl::Status CheckSameKeys(const v1::TableSpec& table, const TableRows& rows,
                           const v1::TableSpec& other_table, const TableRows& other);

// Every label is finite / is 0 or 1 / is a whole number in [0, classes).
// Errors:  InvalidArgument  naming the record of the batch and the label.
absl::Status CheckFiniteLabels(absl::Span<const float> labels);
absl::Status CheckBinaryLabels(absl::Span<const float> labels);
absl::Status CheckClassLabels(absl::Span<const float> labels, uint32_t classes);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CHECKS_H_

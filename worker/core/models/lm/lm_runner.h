// The language model on the CPU.
//
// A record is a window of context + 1 bytes; each of its first `context` positions predicts
// the byte behind it. The loss of a record is the mean over its positions of the negative
// logarithm (natural) of the probability of that byte: divided by ln 2, bits per byte. The
// score of a record is exp(-loss).
#ifndef PACELINE_WORKER_CORE_MODELS_LM_LM_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_LM_LM_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `tables` as ModelTables made them of `spec`, which has its defaults. A batch is computed
// in chunks of about 512 positions, a window at least, so memory does not grow with it;
// tables become ready while the last chunk goes backward.
// Errors:  InvalidArgument  `features` is not context + 1.
absl::StatusOr<std::unique_ptr<Runner>> CreateLmRunner(const v1::JobSpec& spec,
                                                       const std::vector<v1::TableSpec>& tables,
                                                       uint64_t features, const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_LM_RUNNER_H_

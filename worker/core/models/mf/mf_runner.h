// Matrix factorization on the CPU (Koren, Bell and Volinsky, IEEE Computer 2009):
//
//   rating = bias + user_bias[u] + item_bias[i] + <user[u], item[i]>,  loss (rating - y)^2 / 2
#ifndef PACELINE_WORKER_CORE_MODELS_MF_MF_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_MF_MF_RUNNER_H_

#include <memory>
#include <vector>

#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `tables` as ModelTables made them. Batches are by fields, user and item; sums run in the
// order of the records.
std::unique_ptr<Runner> CreateMfRunner(const std::vector<v1::TableSpec>& tables,
                                       const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_MF_MF_RUNNER_H_

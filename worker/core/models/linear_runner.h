// Linear and logistic regression on the CPU: z = x * weight + bias.
#ifndef PACELINE_WORKER_CORE_MODELS_LINEAR_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_LINEAR_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "proto/job.pb.h"
#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `tables` are KIND/bias and KIND/weight as ModelTables made them; `loss` is squared
// or logistic.
std::unique_ptr<Runner> CreateLinearRunner(const std::vector<v1::TableSpec>& tables,
                                           uint64_t features, v1::Loss loss,
                                           const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LINEAR_RUNNER_H_

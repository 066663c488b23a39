// The counting model on any device: ones, whatever the parameters and the scale.
#ifndef PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_RUNNER_H_

#include <cstdint>
#include <memory>

#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `table` is counting/values as ModelTables made it, `rows` is model.rows. Losses
// and predictions are empty: there is nothing to be right or wrong about.
std::unique_ptr<Runner> CreateCountingRunner(const v1::TableSpec& table, uint64_t rows,
                                             const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_COUNTING_COUNTING_RUNNER_H_

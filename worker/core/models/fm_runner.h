// Factorization machine on the CPU (Rendle, ICDM 2010), in time linear in the
// entries of a record:
//
//   z = bias + sum_i w_i x_i + 1/2 sum_f [ (sum_i v_if x_i)^2 - sum_i (v_if x_i)^2 ]
//   d z / d v_if = x_i (sum_j v_jf x_j - v_if x_i)
#ifndef PACELINE_WORKER_CORE_MODELS_FM_RUNNER_H_
#define PACELINE_WORKER_CORE_MODELS_FM_RUNNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "proto/job.pb.h"
#include "worker/core/model.h"
#include "worker/core/trace/trace_scope.h"

namespace paceline::worker {

// `tables` are fm/bias, fm/factors and fm/weight as ModelTables made them; `loss` is
// squared or logistic. Zeros of a dense batch are skipped, as they change nothing.
std::unique_ptr<Runner> CreateFmRunner(const std::vector<v1::TableSpec>& tables, uint64_t features,
                                       v1::Loss loss, const Trace& trace = {});

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_FM_RUNNER_H_

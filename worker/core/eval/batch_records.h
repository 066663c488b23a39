// How many records an evaluation reads and computes at once.
#ifndef PACELINE_WORKER_CORE_EVAL_BATCH_RECORDS_H_
#define PACELINE_WORKER_CORE_EVAL_BATCH_RECORDS_H_

#include <algorithm>
#include <cstdint>

#include "worker/core/dataset.h"

namespace paceline::worker {

inline constexpr uint64_t kMaxEvaluationRecords = 512;
inline constexpr uint64_t kMaxEvaluationValues = uint64_t{1} << 26;

// kMaxEvaluationRecords, fewer where these have more than kMaxEvaluationValues dense values
// (256 MiB), at least 1. A function of the data alone: sums of losses are rounded alike by
// whoever evaluates.
inline uint64_t EvaluationBatchRecords(const Dataset& data) {
  const uint64_t fit = kMaxEvaluationValues / std::max<uint64_t>(data.dense_values(), 1);
  return std::clamp<uint64_t>(fit, 1, kMaxEvaluationRecords);
}

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_EVAL_BATCH_RECORDS_H_

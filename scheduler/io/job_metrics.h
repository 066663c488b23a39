// What /metrics says of jobs. Docs: docs/metrics-scheduler.md.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_JOB_METRICS_H_
#define PACELINE_SCHEDULER_IO_JOB_METRICS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/metrics/scrape.h"
#include "proto/cluster.pb.h"

namespace paceline::scheduler {

// Jobs that have metrics of their own, the newest of those that have not ended; and ranks
// of each, those with the highest straggler scores.
inline constexpr size_t kMaxJobsInMetrics = 100;
inline constexpr size_t kMaxRanksInMetrics = 32;

// `jobs`: that have not ended, at most kMaxJobsInMetrics. `now_ms`: since 1970.
void AddJobMetrics(const std::vector<v1::Job>& jobs, int64_t now_ms, metrics::Scrape* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_JOB_METRICS_H_

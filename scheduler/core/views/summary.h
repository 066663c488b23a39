// The run summary of a job: what programs and tests read.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_VIEWS_SUMMARY_H_
#define PACELINE_SCHEDULER_CORE_VIEWS_SUMMARY_H_

#include <vector>

#include "proto/cluster.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/ranks/progress.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Samples that a rank's iterations stand for: nominal ones from its progress, and
// for jobs without records what its task counted.
double SamplesOf(const View& view, const v1::JobRecord& job, uint32_t rank, uint64_t iterations);

// Mean recent loss of the ranks that report one, weighted by their samples; 0 if none does.
double RecentLoss(const View& view, const v1::JobRecord& job);

// The summary now. Counters are sums over the servers' last reports.
v1::RunSummary BuildSummary(const View& view, const v1::JobRecord& job,
                            const std::vector<RankProgress>& progress);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEWS_SUMMARY_H_

// What the scheduler's HTTP pages say.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_STATUS_PAGES_H_
#define PACELINE_SCHEDULER_IO_STATUS_PAGES_H_

#include <cstdint>
#include <string>

#include "common/metrics/scrape.h"
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {

// {"cluster": Cluster, "jobs": [Job]}: the newest 100 jobs, as proto JSON.
std::string StatusJson(Coordinator* coordinator);

// What /metrics says of the cluster, its nodes and its jobs. `now_ms`: since 1970.
void CollectMetrics(Coordinator* coordinator, int64_t now_ms, metrics::Scrape* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_STATUS_PAGES_H_

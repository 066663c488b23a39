// What the scheduler's HTTP pages say.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_STATUS_PAGES_H_
#define PACELINE_SCHEDULER_IO_STATUS_PAGES_H_

#include <string>

#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {

// {"cluster": Cluster, "jobs": [Job]}: the newest 100 jobs, as proto JSON.
std::string StatusJson(Coordinator* coordinator);

// Prometheus text format.
std::string MetricsText(Coordinator* coordinator);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_STATUS_PAGES_H_

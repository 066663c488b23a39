// What /metrics says of nodes and of the scheduler itself. Docs: docs/metrics-scheduler.md.
//
// Thread-safe: functions without state.
#ifndef PACELINE_SCHEDULER_IO_CLUSTER_METRICS_H_
#define PACELINE_SCHEDULER_IO_CLUSTER_METRICS_H_

#include <cstddef>

#include "common/metrics/scrape.h"
#include "proto/cluster.pb.h"
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {

// Nodes that have metrics of their own.
inline constexpr size_t kMaxNodesInMetrics = 1000;

void AddClusterMetrics(const v1::Cluster& cluster, metrics::Scrape* out);
void AddNodeMetrics(const v1::Cluster& cluster, metrics::Scrape* out);
void AddCoordinatorMetrics(const CoordinatorStats& stats, metrics::Scrape* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_IO_CLUSTER_METRICS_H_

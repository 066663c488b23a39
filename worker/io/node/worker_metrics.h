// The worker's figures for Prometheus: docs/metrics.md.
//
// Pure functions.
#ifndef PACELINE_WORKER_IO_NODE_WORKER_METRICS_H_
#define PACELINE_WORKER_IO_NODE_WORKER_METRICS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "common/metrics/scrape.h"
#include "proto/node.pb.h"
#include "worker/io/node/task_stats.h"

namespace paceline::worker {

struct WorkerFigures {
  uint64_t slots = 0;
  std::vector<v1::TaskReport> tasks;
  std::optional<absl::Duration> heartbeat_age;
  // The scheduler answered the last call.
  bool scheduler_up = false;
};

void AddWorkerMetrics(const WorkerFigures& figures, metrics::Scrape* out);
void AddTaskMetrics(const TaskStats& stats, metrics::Scrape* out);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NODE_WORKER_METRICS_H_

// The server's figures for Prometheus: docs/metrics.md.
//
// Pure functions.
#ifndef PACELINE_SERVER_IO_METRICS_H_
#define PACELINE_SERVER_IO_METRICS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/metrics/scrape.h"
#include "proto/node.pb.h"
#include "server/io/data_plane_stats.h"
#include "server/io/order_executor.h"
#include "server/io/shard_view.h"

namespace paceline::server {

// What is in use of a limit; 0: there is none.
struct Use {
  uint64_t used = 0;
  uint64_t limit = 0;
};

struct MetricsInput {
  std::vector<v1::ServerJobReport> jobs;
  std::vector<JobShards> shards;
  // ServerJob::key_list_hits, by job.
  std::map<uint64_t, uint64_t> key_list_hits;
  // Bytes of tables; of updates that wait for their round; of replies that wait for their
  // clients.
  Use memory;
  Use fold;
  Use replies;
  // Of each job.
  uint64_t most_parked_pulls = 0;
  // Pieces of work, by queue.
  std::map<std::string, Use> queues;
  // Pieces of memory that have been handed over.
  uint64_t shared_memory_arenas = 0;
  std::optional<absl::Duration> heartbeat_age;
};

// Of what is there now.
void AddServerMetrics(const MetricsInput& input, metrics::Scrape* out);
// Of what was counted since the start.
void AddDataPlaneMetrics(const DataPlaneStats& stats, metrics::Scrape* out);
void AddCutMetrics(const OrderExecutor::Stats& stats, metrics::Scrape* out);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_METRICS_H_

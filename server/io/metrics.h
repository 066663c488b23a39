// The server's figures in Prometheus' text format.
//
// Thread-safe: a pure function.
#ifndef PACELINE_SERVER_IO_METRICS_H_
#define PACELINE_SERVER_IO_METRICS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/node.pb.h"
#include "server/io/data_plane_stats.h"

namespace paceline::server {

struct MetricsInput {
  absl::Duration uptime;
  std::vector<v1::ServerJobReport> jobs;
  // Of all jobs.
  uint64_t parked_pulls = 0;
  // ServerJob::key_list_hits, by job.
  std::map<uint64_t, uint64_t> key_list_hits;
  uint64_t resident_bytes = 0;
  // Updates that wait for their round.
  uint64_t fold_bytes = 0;
  // Replies that wait for their clients.
  uint64_t reply_bytes = 0;
  // That have handed memory over.
  uint64_t shared_memory_arenas = 0;
};

std::string MetricsText(const MetricsInput& input, const DataPlaneStats& stats);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_METRICS_H_

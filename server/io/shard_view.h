// The shards of a server as people look at them: how large, how far, how hot.
#ifndef PACELINE_SERVER_IO_SHARD_VIEW_H_
#define PACELINE_SERVER_IO_SHARD_VIEW_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/sync.h"
#include "server/core/rate_meter.h"
#include "server/core/server_state.h"
#include "server/core/shard.h"

namespace paceline::server {

struct ShardView {
  uint32_t shard = 0;
  std::string table;
  Shard::Stats stats;
  // Pushes and pulls per second, lately.
  double heat = 0;
};

struct JobShards {
  v1::ServerJobReport report;
  // In the order of their ids; empty until the job serves.
  std::vector<ShardView> shards;
};

// Looks at all shards, and remembers what it saw for their heat. Thread-safe.
class ShardWatch {
 public:
  // `state` outlives the watch.
  explicit ShardWatch(const ServerState* state) : state_(state) {}

  // `now`: a point of one monotonic clock. For the heat to be of the last seconds it is
  // called every few seconds; a heartbeat does.
  std::vector<JobShards> Look(absl::Duration now);

 private:
  const ServerState* const state_;
  Mutex mu_;
  RateMeter heat_ ABSL_GUARDED_BY(mu_);
};

// The page /debug/shards:
//
//   {"shards": [{"job": 3, "state": "serving", "timeline": 1, "epoch": 4, "table": "w",
//                "shard": 0, "rows": 1024, "bytes": 8192, "progress": [17, 18],
//                "finished": [false, false], "pushes": 35, "pulls": 36,
//                "pushed_bytes": 143360, "pulled_bytes": 147456, "parked_pulls": 1,
//                "heat_per_second": 12.5}]}
std::string DebugShardsJson(const std::vector<JobShards>& jobs);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_IO_SHARD_VIEW_H_

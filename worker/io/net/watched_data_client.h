// A DataClient that keeps book of which servers answer.
//
//   const auto reach = std::make_shared<ServerReach>(addresses.size(), clock);
//   client = WatchDataClient(factory(addresses), reach);
//   ...
//   for (const auto& unreachable : reach->Find()) ...
#ifndef PACELINE_WORKER_IO_NET_WATCHED_DATA_CLIENT_H_
#define PACELINE_WORKER_IO_NET_WATCHED_DATA_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/sync.h"
#include "worker/core/task/reachability.h"
#include "worker/io/net/data_client.h"

namespace paceline::worker {

// Thread-safe.
class ServerReach {
 public:
  // `now` reads a monotonic clock, from any thread.
  ServerReach(uint32_t servers, std::function<absl::Duration()> now);

  absl::Duration Now() const { return now_(); }
  // A call that was made at `sent` has ended. Unavailable and DeadlineExceeded without
  // a Refusal are no answer; Cancelled says nothing.
  void Ended(uint32_t server, absl::Duration sent, const absl::Status& status);
  // Takes all servers to be reached now.
  void Forget();

  std::vector<Reachability::Unreachable> Find() const;

 private:
  const uint32_t servers_;
  const std::function<absl::Duration()> now_;
  mutable Mutex mu_;
  Reachability reachability_ ABSL_GUARDED_BY(mu_);
};

std::unique_ptr<DataClient> WatchDataClient(std::unique_ptr<DataClient> client,
                                            std::shared_ptr<ServerReach> reach);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_WATCHED_DATA_CLIENT_H_

// Follows a job to its end, through lost connections.
#ifndef PACELINE_CLI_WATCH_WATCH_H_
#define PACELINE_CLI_WATCH_WATCH_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/environment.h"
#include "proto/cluster.pb.h"

namespace paceline::cli {

class SchedulerClient;

struct WatchOptions {
  // Give up after this.
  absl::Duration timeout = absl::InfiniteDuration();
  // Length of one stream; then the next one begins.
  absl::Duration stream_timeout = absl::Seconds(60);
  // Give up after the scheduler has been away for this long.
  absl::Duration unavailable_limit = absl::Seconds(60);
  // Called with every state of the job that arrives.
  std::function<void(const v1::Job&)> on_job = [](const v1::Job&) {};
  // Called between streams; an error ends the watch with it.
  std::function<absl::Status()> on_pause = [] { return absl::OkStatus(); };
};

// The job as it ended.
//
// Errors:  DeadlineExceeded  the timeout has passed.
//          Unavailable       the scheduler was away for too long.
//          Cancelled         interrupted.
//          NotFound          no such job.
absl::StatusOr<v1::Job> WatchToEnd(SchedulerClient& client, uint64_t job_id, Environment& env,
                                   const WatchOptions& options);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_WATCH_WATCH_H_

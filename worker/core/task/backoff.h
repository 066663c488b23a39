// How long to wait before trying again.
#ifndef PACELINE_WORKER_CORE_TASK_BACKOFF_H_
#define PACELINE_WORKER_CORE_TASK_BACKOFF_H_

#include <cstdint>

#include "absl/time/time.h"

namespace paceline::worker {

// Doubles from `first` to `most`; the real wait lies in [half, whole] of that. Calls
// that fail because there is no connection cost the network nothing, and gRPC spaces
// its attempts to connect itself: `most` only delays the return to a healed network.
struct BackoffOptions {
  absl::Duration first = absl::Milliseconds(20);
  absl::Duration most = absl::Milliseconds(500);
};

// The wait before attempt `attempt` + 1, attempts counted from 1. The jitter is a
// function of (seed, attempt), so that ranks that fail together do not return
// together, and a simulated run can be repeated.
absl::Duration Backoff(const BackoffOptions& options, uint64_t seed, uint64_t attempt);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_BACKOFF_H_

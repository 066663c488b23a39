// How long a call that moves bytes may take before it counts as failed.
#ifndef PACELINE_WORKER_CORE_TASK_CALL_DEADLINE_H_
#define PACELINE_WORKER_CORE_TASK_CALL_DEADLINE_H_

#include <cstdint>

#include "absl/time/time.h"

namespace paceline::worker {

// The floor is a quarter of a 1 Mbit/s link: such a link is slow, not broken. A
// deadline that is long costs nothing when the peer is gone, since keepalive finds
// that out (common/rpc/channel.h).
struct DeadlineOptions {
  // Of a call without bytes.
  absl::Duration least = absl::Seconds(10);
  // Bandwidth below which a link counts as broken. Greater than 0.
  uint64_t floor_bytes_per_second = 32 << 10;
};

// least + bytes / floor, where `bytes` are all that share the link with the call:
// its own, and those of the calls under way beside it.
absl::Duration CallDeadline(const DeadlineOptions& options, uint64_t bytes);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_CALL_DEADLINE_H_

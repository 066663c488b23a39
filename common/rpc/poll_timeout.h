// How long a long poll waits for its answer before it is made anew.
#ifndef PACELINE_COMMON_RPC_POLL_TIMEOUT_H_
#define PACELINE_COMMON_RPC_POLL_TIMEOUT_H_

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace paceline {

inline constexpr absl::Duration kLongestPollTimeout = absl::Seconds(20);

// Two heartbeats, doubled with each call before it that was overdue, at most 20 s;
// 20 s while the heartbeat is unknown (0).
//
// The scheduler answers within one heartbeat. An answer that is another one late was
// likely lost with its connection, of which the caller knows nothing as long as it
// only waits; to ask again finds that out before the caller counts as silent, after
// four. Where the link is slower than that, no answer is given up for ever.
inline absl::Duration PollTimeout(absl::Duration heartbeat, uint64_t overdue) {
  if (heartbeat <= absl::ZeroDuration()) return kLongestPollTimeout;
  // Past 16 doublings the limit is reached.
  const auto doubled = static_cast<double>(uint64_t{2} << std::min<uint64_t>(overdue, 16));
  return std::min(kLongestPollTimeout, heartbeat * doubled);
}

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_POLL_TIMEOUT_H_

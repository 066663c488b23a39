// Whether a loop that never waits long still goes round, seen from outside.
//
//   Progress progress(&clock, "the heartbeat loop");
//   while (...) { progress.Round(); ... }
//   progress.Check()      // from any thread
//
// Thread-safe.
#ifndef PACELINE_COMMON_DAEMON_PROGRESS_H_
#define PACELINE_COMMON_DAEMON_PROGRESS_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace paceline {

// A round takes seconds at most; a machine that was paused for a while is no reason to
// restart anything.
inline constexpr absl::Duration kLongestRound = absl::Minutes(1);

class Progress {
 public:
  // `clock` outlives it.
  Progress(Clock* clock, std::string name) : clock_(clock), name_(std::move(name)) { Round(); }

  void Round() { last_ms_ = absl::ToInt64Milliseconds(clock_->Monotonic()); }

  // Errors:  Internal  the last round was longer ago than kLongestRound.
  absl::Status Check() const {
    const absl::Duration since = clock_->Monotonic() - absl::Milliseconds(last_ms_.load());
    if (since <= kLongestRound) return absl::OkStatus();
    return absl::InternalError(
        absl::StrCat(name_, " has been stuck for ", absl::FormatDuration(since)));
  }

 private:
  Clock* const clock_;
  const std::string name_;
  std::atomic<int64_t> last_ms_{0};
};

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_PROGRESS_H_

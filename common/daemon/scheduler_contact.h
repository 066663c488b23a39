// Whether a daemon is in touch with its scheduler, as /readyz tells it.
//
// Thread-safe.
#ifndef PACELINE_COMMON_DAEMON_SCHEDULER_CONTACT_H_
#define PACELINE_COMMON_DAEMON_SCHEDULER_CONTACT_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/sync.h"

namespace paceline {

class SchedulerContact {
 public:
  // Silence for so many heartbeats ends the contact, on both sides.
  static constexpr int kHeartbeats = 4;

  // `clock` outlives this.
  explicit SchedulerContact(const Clock* clock) : clock_(clock) {}

  // The scheduler answered, and means to be heard so often; zero: as before.
  void Heard(absl::Duration heartbeat);
  // A call failed; OK: the calls go well again.
  void Failed(const absl::Status& cause);

  // Time since it was heard; nothing before the first answer.
  std::optional<absl::Duration> age() const;

  // Errors:  Unavailable  not heard yet, or not for four heartbeats: since when, and why the
  //                       last call failed.
  absl::Status Check() const;

 private:
  const Clock* const clock_;
  mutable Mutex mu_;
  std::optional<absl::Duration> heard_ ABSL_GUARDED_BY(mu_);
  absl::Duration heartbeat_ ABSL_GUARDED_BY(mu_) = absl::Seconds(1);
  absl::Status cause_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_SCHEDULER_CONTACT_H_

// Time as a dependency: everything that waits or measures takes a Clock, and a
// test drives it with FakeClock (common/fake_clock.h).
//
//   MutexLock lock(&mu_);
//   const bool done = clock.Await(&mu_, &changed_, clock.Monotonic() + timeout,
//                                 [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return done_; });
//
// Deadlines are points of Monotonic(); absl::InfiniteDuration() waits for ever.
//
// Thread-safe.
#ifndef PACELINE_COMMON_CLOCK_H_
#define PACELINE_COMMON_CLOCK_H_

#include "absl/time/time.h"
#include "common/sync.h"

namespace paceline {

class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time. For logs and people only: it may jump.
  virtual absl::Time Now() const = 0;

  // Time since a fixed but arbitrary moment; never goes back.
  virtual absl::Duration Monotonic() const = 0;

  // Waits on `cv` until it is notified or Monotonic() reaches `deadline`.
  // Returns whether the deadline is still ahead. May return early without a
  // notification.
  virtual bool WaitUntil(Mutex* mu, CondVar* cv, absl::Duration deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) = 0;

  // Waits until `condition()`, which is called with `mu` held, or the deadline.
  // Returns the condition's last value.
  template <typename Condition>
  bool Await(Mutex* mu, CondVar* cv, absl::Duration deadline, Condition condition)
      // Not analysed inside: the condition requires the same mutex by another name.
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    while (!condition()) {
      if (!WaitUntil(mu, cv, deadline)) return condition();
    }
    return true;
  }

  // Blocks the calling thread. Nothing can wake it but time: for back-off in
  // tools, not in daemons, which wait on a condition.
  void SleepFor(absl::Duration duration);
};

// The machine's clocks: CLOCK_REALTIME and CLOCK_MONOTONIC.
class RealClock final : public Clock {
 public:
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
  bool WaitUntil(Mutex* mu, CondVar* cv, absl::Duration deadline) override;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_CLOCK_H_

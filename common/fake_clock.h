// A Clock that stands still until the test moves it.
//
//   FakeClock clock;
//   std::thread waiter([&] { heartbeat.Run(&clock); });
//   clock.AwaitWaiters(1);          // the thread has reached its wait
//   clock.Advance(absl::Seconds(4));  // wakes every wait whose time has come
//
// Thread-safe. Advance must not be called while holding a mutex that somebody
// waits with.
#ifndef PACELINE_COMMON_FAKE_CLOCK_H_
#define PACELINE_COMMON_FAKE_CLOCK_H_

#include <list>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/sync.h"

namespace paceline {

class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time start = absl::FromUnixSeconds(1'000'000'000));
  // Nobody may be waiting any more.
  ~FakeClock() override;

  absl::Time Now() const override;
  // Zero at first.
  absl::Duration Monotonic() const override;
  bool WaitUntil(Mutex* mu, CondVar* cv, absl::Duration deadline) override;

  // Moves both times on and wakes all waiters; those whose deadline is still
  // ahead see a spurious wake-up.
  void Advance(absl::Duration step);

  // Blocks, in real time, until at least `count` threads are in WaitUntil.
  void AwaitWaiters(int count);

 private:
  struct Waiter {
    Mutex* mu;
    CondVar* cv;
    // Advance calls that are about to lock `mu`: the waiter may not return, and
    // its caller not destroy `mu`, before they are through.
    int pins = 0;
  };

  const absl::Time start_;
  mutable Mutex mu_;
  CondVar changed_;
  absl::Duration elapsed_ ABSL_GUARDED_BY(mu_);
  std::list<Waiter> waiters_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_FAKE_CLOCK_H_

#include "common/clock.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "absl/time/clock.h"

namespace paceline {

void Clock::SleepFor(absl::Duration duration) {
  Mutex mu;
  CondVar never;
  const absl::Duration deadline = Monotonic() + duration;
  MutexLock lock(&mu);
  while (WaitUntil(&mu, &never, deadline)) {
  }
}

absl::Time RealClock::Now() const { return absl::Now(); }

absl::Duration RealClock::Monotonic() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// Takes the lock over from the caller and gives it back: not for the analysis.
bool RealClock::WaitUntil(Mutex* mu, CondVar* cv,
                          absl::Duration deadline) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  // A deadline beyond this would overflow the library's arithmetic; the caller
  // loops anyway.
  const absl::Duration soonest = std::min(deadline, Monotonic() + absl::Hours(24));
  std::unique_lock<std::mutex> lock(cv->Native(mu), std::adopt_lock);
  cv->cv_.wait_until(lock,
                     std::chrono::steady_clock::time_point(absl::ToChronoNanoseconds(soonest)));
  lock.release();
  return Monotonic() < deadline;
}

}  // namespace paceline

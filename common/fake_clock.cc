#include "common/fake_clock.h"

#include <vector>

#include "common/check.h"

namespace paceline {

FakeClock::FakeClock(absl::Time start) : start_(start) {}

FakeClock::~FakeClock() {
  MutexLock lock(&mu_);
  PL_CHECK(waiters_.empty()) << waiters_.size() << " threads still wait on this clock";
}

absl::Time FakeClock::Now() const { return start_ + Monotonic(); }

absl::Duration FakeClock::Monotonic() const {
  MutexLock lock(&mu_);
  return elapsed_;
}

// Lock order: a waiter's mutex, then mu_. Advance therefore takes the waiters'
// mutexes only after it has let go of mu_.
bool FakeClock::WaitUntil(Mutex* mu, CondVar* cv,
                          absl::Duration deadline) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  std::list<Waiter>::iterator self;
  {
    MutexLock lock(&mu_);
    if (elapsed_ >= deadline) return false;
    self = waiters_.insert(waiters_.end(), Waiter{mu, cv});
    changed_.NotifyAll();
  }
  cv->Wait(mu);

  mu->Unlock();
  bool ahead;
  {
    MutexLock lock(&mu_);
    while (self->pins > 0) changed_.Wait(&mu_);
    waiters_.erase(self);
    ahead = elapsed_ < deadline;
  }
  mu->Lock();
  return ahead;
}

void FakeClock::Advance(absl::Duration step) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  PL_CHECK_GE(step, absl::ZeroDuration());
  std::vector<Waiter*> pinned;
  {
    MutexLock lock(&mu_);
    elapsed_ += step;
    for (Waiter& waiter : waiters_) {
      ++waiter.pins;
      pinned.push_back(&waiter);
    }
  }
  for (Waiter* waiter : pinned) {
    // With the mutex held the waiter is in Wait, or past it: no notification
    // falls between its look at the time and its wait.
    MutexLock lock(waiter->mu);
    waiter->cv->NotifyAll();
  }
  MutexLock lock(&mu_);
  for (Waiter* waiter : pinned) --waiter->pins;
  changed_.NotifyAll();
}

void FakeClock::AwaitWaiters(int count) {
  MutexLock lock(&mu_);
  while (static_cast<int>(waiters_.size()) < count) changed_.Wait(&mu_);
}

}  // namespace paceline

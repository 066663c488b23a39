#include "worker/io/net/delayed_calls.h"

#include <utility>

namespace paceline::worker {

DelayedCalls::DelayedCalls(Clock* clock) : clock_(clock), thread_([this] { Run(); }) {}

DelayedCalls::~DelayedCalls() {
  {
    MutexLock lock(&mu_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
  CancelAll();
}

void DelayedCalls::After(absl::Duration delay, Call call) {
  if (delay <= absl::ZeroDuration()) return call(/*cancelled=*/false);
  MutexLock lock(&mu_);
  calls_.emplace(clock_->Monotonic() + delay, std::move(call));
  changed_.NotifyAll();
}

void DelayedCalls::CancelAll() {
  std::multimap<absl::Duration, Call> calls;
  {
    MutexLock lock(&mu_);
    calls.swap(calls_);
  }
  for (const auto& [time, call] : calls) call(/*cancelled=*/true);
}

void DelayedCalls::Run() {
  MutexLock lock(&mu_);
  while (!stopped_) {
    if (calls_.empty()) {
      changed_.Wait(&mu_);
      continue;
    }
    const absl::Duration next = calls_.begin()->first;
    if (clock_->Monotonic() < next) {
      clock_->WaitUntil(&mu_, &changed_, next);
      continue;
    }
    const Call call = std::move(calls_.begin()->second);
    calls_.erase(calls_.begin());
    mu_.Unlock();
    call(/*cancelled=*/false);
    mu_.Lock();
  }
}

}  // namespace paceline::worker

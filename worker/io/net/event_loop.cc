#include "worker/io/net/event_loop.h"

#include <pthread.h>

#include <utility>

#include "common/check.h"

namespace paceline::worker {

EventLoop::EventLoop(Clock* clock, const std::string& name)
    : clock_(clock), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

EventLoop::~EventLoop() { Stop(); }

void EventLoop::Post(std::function<void()> closure) {
  MutexLock lock(&mu_);
  if (stopped_) return;
  ready_.push_back(std::move(closure));
  changed_.NotifyOne();
}

void EventLoop::PostAfter(absl::Duration delay, std::function<void()> closure) {
  MutexLock lock(&mu_);
  if (stopped_) return;
  timers_.emplace(clock_->Monotonic() + delay, std::move(closure));
  changed_.NotifyOne();
}

void EventLoop::Stop() {
  std::deque<std::function<void()>> ready;
  std::multimap<absl::Duration, std::function<void()>> timers;
  {
    MutexLock lock(&mu_);
    stopped_ = true;
    // Closures may own what wants the lock: they die outside of it.
    ready.swap(ready_);
    timers.swap(timers_);
    changed_.NotifyAll();
  }
  if (thread_.joinable()) {
    PL_CHECK(!OnLoopThread());
    thread_.join();
  }
}

void EventLoop::Run() {
  for (;;) {
    std::function<void()> closure;
    {
      MutexLock lock(&mu_);
      for (;;) {
        if (stopped_) return;
        if (!timers_.empty() && timers_.begin()->first <= clock_->Monotonic()) {
          ready_.push_back(std::move(timers_.begin()->second));
          timers_.erase(timers_.begin());
          continue;
        }
        if (!ready_.empty()) break;
        clock_->WaitUntil(&mu_, &changed_,
                          timers_.empty() ? absl::InfiniteDuration() : timers_.begin()->first);
      }
      closure = std::move(ready_.front());
      ready_.pop_front();
    }
    closure();
  }
}

}  // namespace paceline::worker

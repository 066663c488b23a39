// One thread that runs closures, in the order in which they come, and timers.
//
//   EventLoop loop(&clock, "task");
//   loop.Post([&] { machine.Handle(event); });
//   loop.PostAfter(absl::Milliseconds(20), [&] { Retry(); });
//
// What runs on the loop needs no lock against what else runs there.
//
// Its queue is as long as its callers make it: every closure here stands for a
// call, a batch or a timer that somebody else has limited.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NET_EVENT_LOOP_H_
#define PACELINE_WORKER_IO_NET_EVENT_LOOP_H_

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/sync.h"

namespace paceline::worker {

class EventLoop {
 public:
  // `name` shows in debuggers: at most 15 characters. The clock outlives the loop.
  EventLoop(Clock* clock, const std::string& name);
  // Stops.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Clock* clock() const { return clock_; }
  // Of the clock's monotonic time.
  absl::Duration Now() const { return clock_->Monotonic(); }

  // After Stop, closures are dropped.
  void Post(std::function<void()> closure);
  void PostAfter(absl::Duration delay, std::function<void()> closure);

  bool OnLoopThread() const { return std::this_thread::get_id() == thread_.get_id(); }

  // Lets the closure that runs now end, drops the others and joins the thread.
  // Not from the loop itself. May be called twice.
  void Stop();

 private:
  void Run();

  Clock* const clock_;
  Mutex mu_;
  CondVar changed_;
  std::deque<std::function<void()>> ready_ ABSL_GUARDED_BY(mu_);
  std::multimap<absl::Duration, std::function<void()>> timers_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  // Last: it uses all of the above.
  std::thread thread_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_EVENT_LOOP_H_

// Calls that are made later, by a thread of their own.
//
//   DelayedCalls later(&clock);
//   later.After(absl::Milliseconds(20), [](bool cancelled) { ... });
//
// Every closure is called once: when its time has come, or earlier with `cancelled`.
//
// Thread-safe.
#ifndef PACELINE_WORKER_IO_NET_DELAYED_CALLS_H_
#define PACELINE_WORKER_IO_NET_DELAYED_CALLS_H_

#include <functional>
#include <map>
#include <thread>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/sync.h"

namespace paceline::worker {

class DelayedCalls {
 public:
  using Call = std::function<void(bool cancelled)>;

  // The clock outlives it.
  explicit DelayedCalls(Clock* clock);
  // Cancels what waits. Not from a call.
  ~DelayedCalls();
  DelayedCalls(const DelayedCalls&) = delete;
  DelayedCalls& operator=(const DelayedCalls&) = delete;

  // Not delayed: called at once, by the caller.
  void After(absl::Duration delay, Call call);

  // Calls all that wait, as cancelled, by the caller.
  void CancelAll();

 private:
  void Run();

  Clock* const clock_;
  Mutex mu_;
  CondVar changed_;
  // By time.
  std::multimap<absl::Duration, Call> calls_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_DELAYED_CALLS_H_

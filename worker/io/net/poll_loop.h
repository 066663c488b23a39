// A long poll, for ever: says all that the caller knows, waits for the answer,
// says it again. When the caller's own state changes it calls anew at once, giving
// up the call that waits. A call that is not answered in time is made anew at once; a
// failed one after a jittered back-off, without end; after a long silence the caller is told, and
// again when it is over.
//
//   PollLoop<v1::SyncTaskRequest, v1::SyncTaskResponse> sync({...});
//   sync.Start();
//   sync.Wake();   // facts found
//
// One thread, which runs the callbacks. Thread-safe.
#ifndef PACELINE_WORKER_IO_NET_POLL_LOOP_H_
#define PACELINE_WORKER_IO_NET_POLL_LOOP_H_

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/rpc/poll_timeout.h"
#include "common/sync.h"
#include "worker/core/task/backoff.h"
#include "worker/io/net/scheduler_client.h"

namespace paceline::worker {

template <typename Request, typename Response>
class PollLoop {
 public:
  using Done = std::function<void(absl::StatusOr<Response>)>;

  struct Options {
    Clock* clock = nullptr;
    // Of the thread, at most 15 characters.
    std::string name;
    uint64_t seed = 0;
    // Between two calls at least, however often the state changes.
    absl::Duration least_gap = absl::Milliseconds(1);
    BackoffOptions backoff = {absl::Milliseconds(50), absl::Milliseconds(500)};
    // Without an answer for this long, on_silence(true) is called.
    absl::Duration silent_after = absl::Minutes(10);

    // Everything the caller knows.
    std::function<Request()> fill;
    std::function<std::unique_ptr<PendingCall>(const Request&, absl::Duration, Done)> call;
    std::function<void(const Response&)> on_reply;
    // How long the peer takes to answer at most, as it says itself; see PollTimeout.
    std::function<absl::Duration(const Response&)> heartbeat;
    // A call failed, for the `failures`-th time in a row. May be empty.
    std::function<void(const absl::Status&, uint64_t failures)> on_failure;
    // May be empty.
    std::function<void(bool silent)> on_silence;
  };

  explicit PollLoop(Options options) : options_(std::move(options)) {}
  // Stops.
  ~PollLoop() { Stop(); }
  PollLoop(const PollLoop&) = delete;
  PollLoop& operator=(const PollLoop&) = delete;

  void Start() {
    thread_ = std::thread([this] { Run(); });
    pthread_setname_np(thread_.native_handle(), options_.name.substr(0, 15).c_str());
  }

  // The state has changed. Does not shorten a back-off.
  void Wake() {
    MutexLock lock(&mu_);
    woken_ = true;
    changed_.NotifyAll();
  }

  // Ends the outstanding call and the thread. Not from a callback. May be called twice.
  void Stop() {
    {
      MutexLock lock(&mu_);
      stopped_ = true;
      changed_.NotifyAll();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    absl::Duration heard = options_.clock->Monotonic();
    bool silent = false;
    uint64_t failures = 0;
    absl::Duration heartbeat;
    // In a row.
    uint64_t overdue = 0;
    for (;;) {
      {
        MutexLock lock(&mu_);
        if (stopped_) break;
        woken_ = false;
      }
      const absl::Duration began = options_.clock->Monotonic();
      const std::optional<absl::StatusOr<Response>> answer =
          CallOnce(PollTimeout(heartbeat, overdue));
      const absl::Duration now = options_.clock->Monotonic();
      absl::Duration pause = options_.least_gap - (now - began);
      if (answer.has_value() && answer->ok()) {
        failures = 0;
        overdue = 0;
        heartbeat = options_.heartbeat(**answer);
        heard = now;
        if (std::exchange(silent, false) && options_.on_silence) options_.on_silence(false);
        options_.on_reply(**answer);
      } else if (answer.has_value() && absl::IsDeadlineExceeded(answer->status()) &&
                 overdue++ == 0) {
        // Asked again at once.
      } else if (answer.has_value()) {
        if (!absl::IsDeadlineExceeded(answer->status())) overdue = 0;
        ++failures;
        pause = Backoff(options_.backoff, options_.seed, failures);
        if (options_.on_failure) options_.on_failure(answer->status(), failures);
      }
      if (!silent && now - heard >= options_.silent_after) {
        silent = true;
        if (options_.on_silence) options_.on_silence(true);
      }
      MutexLock lock(&mu_);
      options_.clock->Await(&mu_, &changed_, now + pause,
                            [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopped_; });
    }
    // Callbacks that were given up still come.
    MutexLock lock(&mu_);
    while (outstanding_ > 0) changed_.Wait(&mu_);
  }

  // The answer, or nothing if the state changed first or the loop ends.
  std::optional<absl::StatusOr<Response>> CallOnce(absl::Duration timeout) {
    const Request request = options_.fill();
    uint64_t number = 0;
    {
      MutexLock lock(&mu_);
      number = ++number_;
      answer_.reset();
      ++outstanding_;
    }
    const std::unique_ptr<PendingCall> call =
        options_.call(request, timeout, [this, number](absl::StatusOr<Response> answer) {
          MutexLock lock(&mu_);
          if (number == number_) answer_.emplace(std::move(answer));
          --outstanding_;
          changed_.NotifyAll();
        });
    std::optional<absl::StatusOr<Response>> answer;
    {
      MutexLock lock(&mu_);
      while (!answer_.has_value() && !woken_ && !stopped_) changed_.Wait(&mu_);
      answer = std::exchange(answer_, std::nullopt);
      if (!answer.has_value()) ++number_;
    }
    // Not under the lock: the callback may come at once.
    if (!answer.has_value()) call->Cancel();
    return answer;
  }

  const Options options_;
  Mutex mu_;
  CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  // Of the newest call; an older one's answer is not wanted.
  uint64_t number_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t outstanding_ ABSL_GUARDED_BY(mu_) = 0;
  std::optional<absl::StatusOr<Response>> answer_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_POLL_LOOP_H_

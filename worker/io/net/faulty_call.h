// Plays out a fault (common/rpc/fault_injector.h) on one call with a callback.
//
//   PlayFault<v1::PushResponse>(fault, &later, send, done);
//
// `send` makes the call with the callback that it is given; it may be called later,
// and twice, or never. `done` is called once: at once, on the thread of `later`, or on
// that of the call.
#ifndef PACELINE_WORKER_IO_NET_FAULTY_CALL_H_
#define PACELINE_WORKER_IO_NET_FAULTY_CALL_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/fault_injector.h"
#include "common/sync.h"
#include "worker/io/net/delayed_calls.h"

namespace paceline::worker {

// The callback of all copies of a call: the first that is good, or the last that comes,
// is its answer. Thread-safe.
template <typename Response>
class FirstAnswer {
 public:
  using Done = std::function<void(absl::StatusOr<Response>)>;

  FirstAnswer(int copies, bool lose_reply, Done done)
      : lose_reply_(lose_reply), copies_(copies), done_(std::move(done)) {}

  void Take(absl::StatusOr<Response> answer) {
    Done done;
    {
      MutexLock lock(&mu_);
      --copies_;
      if (!answer.ok() && copies_ > 0) return;
      done = std::exchange(done_, nullptr);
    }
    if (done == nullptr) return;
    if (lose_reply_) answer = absl::UnavailableError("the reply was lost on purpose");
    done(std::move(answer));
  }

 private:
  const bool lose_reply_;
  Mutex mu_;
  // Without an answer.
  int copies_ ABSL_GUARDED_BY(mu_);
  // Empty once called.
  Done done_ ABSL_GUARDED_BY(mu_);
};

template <typename Response>
void PlayFault(const RpcFault& fault, DelayedCalls* later,
               std::function<void(std::function<void(absl::StatusOr<Response>)>)> send,
               std::function<void(absl::StatusOr<Response>)> done) {
  later->After(
      fault.delay, [fault, send = std::move(send), done = std::move(done)](bool cancelled) {
        if (cancelled) return done(absl::CancelledError("cancelled before it was sent"));
        if (fault.lose_request)
          return done(absl::UnavailableError("the request was lost on purpose"));
        const int copies = fault.duplicate ? 2 : 1;
        const auto first = std::make_shared<FirstAnswer<Response>>(copies, fault.lose_reply, done);
        for (int i = 0; i < copies; ++i) {
          send([first](absl::StatusOr<Response> answer) { first->Take(std::move(answer)); });
        }
      });
}

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_FAULTY_CALL_H_

// Sends frames until each has been answered well: the calls of one pull, push,
// finish or evaluation on their way.
//
// What to send when, and how often, is InFlight's to say. An answer that says
// NOT_YET or UNKNOWN_KEY_LIST is asked again; a lost call is repeated; any other
// refusal, and a server that is out of reach for good, end the whole and are reported
// once.
//
// Owned by the event loop's thread.
#ifndef PACELINE_WORKER_IO_TASK_FRAME_CALLS_H_
#define PACELINE_WORKER_IO_TASK_FRAME_CALLS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/core/task/in_flight.h"
#include "worker/io/net/event_loop.h"

namespace paceline::worker {

class FrameCalls {
 public:
  // Takes in the answer, on the loop's thread, if it is still wanted. May be empty.
  // An error ends the whole like a refusal without a kind.
  using Accept = std::function<absl::Status()>;
  using Done = std::function<void(absl::StatusOr<Accept>)>;
  // Makes the frame's call; `done` may come on any thread.
  using Start = std::function<void(absl::Duration timeout, Done done)>;

  struct Events {
    // All frames that were added have been answered.
    std::function<void()> drained;
    // A server refused a frame; see RefusalKindOf.
    std::function<void(const absl::Status&)> refused;
    // The retry budget of a frame is spent.
    std::function<void(const absl::Status&)> unreachable;
    // A server has answered NOT_YET, with its reason.
    std::function<void(const absl::Status&)> waiting;
  };

  // `loop` outlives it. Events are called on the loop's thread.
  FrameCalls(EventLoop* loop, const InFlightOptions& options, Events events);
  ~FrameCalls();
  FrameCalls(const FrameCalls&) = delete;
  FrameCalls& operator=(const FrameCalls&) = delete;

  // Adds a frame and sends what may be sent. `bytes` moves both ways together.
  void Add(uint32_t server, uint64_t bytes, Start start);

  // No further frame is added: `drained` is called, at once if nothing is left.
  void Close();

  // Calls made since construction, and those of them that repeat one that failed.
  uint64_t calls_made() const { return in_flight_.calls_made(); }
  uint64_t calls_repeated() const { return in_flight_.calls_repeated(); }

  // Forgets everything; answers that still come are dropped, frames may be added anew.
  void Abandon();

 private:
  void Pump();
  void Answered(InFlight::FrameId frame, absl::StatusOr<Accept> answer);
  void End(const std::function<void(const absl::Status&)>& event, const absl::Status& status);
  // A closure for the loop that does nothing after Abandon or destruction.
  template <typename F>
  auto IfCurrent(F closure) {
    return [current = current_, closure = std::move(closure)](auto&&... args) {
      if (*current) closure(std::forward<decltype(args)>(args)...);
    };
  }

  EventLoop* const loop_;
  const Events events_;
  InFlight in_flight_;
  std::map<InFlight::FrameId, Start> starts_;
  bool closed_ = false;
  // False once abandoned.
  std::shared_ptr<bool> current_;
  // When Pump comes back by itself; infinite: not.
  absl::Duration wake_at_ = absl::InfiniteDuration();
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_FRAME_CALLS_H_

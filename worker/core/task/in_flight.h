// The frames of one pull or push on their way: which may be sent, which are out,
// which have to be sent again and when.
//
// A frame that failed is sent again unchanged, as long as its attempts and the
// rank's retry budget last; a refusal that says NOT_YET spends nothing, since the
// server is well. A call's deadline grows with the bytes under way.
#ifndef PACELINE_WORKER_CORE_TASK_IN_FLIGHT_H_
#define PACELINE_WORKER_CORE_TASK_IN_FLIGHT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/time/time.h"
#include "worker/core/task/backoff.h"
#include "worker/core/task/call_deadline.h"
#include "worker/core/task/retry_budget.h"

namespace paceline::worker {

struct InFlightOptions {
  uint64_t seed = 0;
  // Calls outstanding to one server at once.
  uint32_t calls_per_server = 4;
  // Frames that wait leave in the order in which they came, or the newest first.
  bool newest_first = false;
  // Failures of one frame in a row after which it is given up.
  uint32_t attempts = 6;
  BackoffOptions failure_backoff;
  // After NOT_YET.
  BackoffOptions not_yet_backoff = {absl::Milliseconds(1), absl::Milliseconds(100)};
  RetryBudgetOptions retry_budget;
  DeadlineOptions deadline;
};

// Times are points of one monotonic clock. Thread-compatible.
class InFlight {
 public:
  using FrameId = uint64_t;
  enum class Verdict { kSendAgain, kGiveUp };
  struct Call {
    FrameId frame = 0;
    uint32_t server = 0;
    // 1 for the first.
    uint64_t attempt = 0;
    // Time that the call may take.
    absl::Duration timeout;
  };

  explicit InFlight(const InFlightOptions& options);

  // Adds a frame that moves `bytes` both ways together. Ids count up from 0.
  FrameId Add(uint32_t server, uint64_t bytes);

  // The calls to make now, in the order in which they are to leave; each counts as
  // outstanding until Acked, Failed or NotYet is called for it.
  std::vector<Call> Take(absl::Duration now);

  // The earliest time at which Take will have something without another event;
  // infinite if there is none.
  absl::Duration NextSend() const;

  // The outcome of an outstanding call.
  void Acked(FrameId frame);
  Verdict Failed(FrameId frame, absl::Duration now);
  void NotYet(FrameId frame, absl::Duration now);

  // Calls made since construction, and those of them that repeat one that failed.
  uint64_t calls_made() const { return calls_made_; }
  uint64_t calls_repeated() const { return calls_repeated_; }

  // No frame is left.
  bool empty() const { return frames_.empty(); }
  size_t size() const { return frames_.size(); }
  // Forgets all frames; their ids are not used again.
  void Clear();

 private:
  struct Frame {
    uint32_t server = 0;
    uint64_t bytes = 0;
    uint64_t calls = 0;
    // In a row.
    uint64_t failures = 0;
    uint64_t not_yets = 0;
    absl::Duration not_before = -absl::InfiniteDuration();
  };

  struct Server {
    // Calls.
    uint32_t outstanding = 0;
    // Frames that are not.
    std::set<FrameId> waiting;
  };

  // The waiting frame that may leave now and is to leave first; none: nothing.
  std::optional<FrameId> Next(const Server& server, absl::Duration now) const;
  bool Full(const Server& server) const { return server.outstanding >= options_.calls_per_server; }
  // Ends the frame's call.
  Frame& Return(FrameId frame);

  const InFlightOptions options_;
  // Not reset by Clear: what is abandoned has been sent all the same.
  RetryBudget budget_;
  uint64_t calls_made_ = 0;
  uint64_t calls_repeated_ = 0;
  // Of all frames.
  uint64_t bytes_ = 0;
  FrameId next_ = 0;
  std::map<FrameId, Frame> frames_;
  std::map<uint32_t, Server> servers_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_IN_FLIGHT_H_

#include "worker/io/task/frame_calls.h"

#include <utility>

#include "common/refusal/refusal.h"
#include "worker/io/net/send_together.h"

namespace paceline::worker {

FrameCalls::FrameCalls(EventLoop* loop, const InFlightOptions& options, Events events)
    : loop_(loop),
      events_(std::move(events)),
      in_flight_(options),
      current_(std::make_shared<bool>(true)) {}

FrameCalls::~FrameCalls() { *current_ = false; }

void FrameCalls::Add(uint32_t server, uint64_t bytes, Start start) {
  starts_[in_flight_.Add(server, bytes)] = std::move(start);
  Pump();
}

void FrameCalls::Close() {
  closed_ = true;
  if (in_flight_.empty()) {
    closed_ = false;
    events_.drained();
  }
}

void FrameCalls::Abandon() {
  *current_ = false;
  current_ = std::make_shared<bool>(true);
  in_flight_.Clear();
  starts_.clear();
  closed_ = false;
  wake_at_ = absl::InfiniteDuration();
}

void FrameCalls::Pump() {
  const SendTogether together;
  for (const InFlight::Call& call : in_flight_.Take(loop_->Now())) {
    const auto answered = [this, frame = call.frame](absl::StatusOr<Accept> answer) {
      Answered(frame, std::move(answer));
    };
    // The answer comes on a thread of the client: it is handed to the loop first.
    starts_.at(call.frame)(
        call.timeout, [loop = loop_, current = IfCurrent(answered)](absl::StatusOr<Accept> answer) {
          loop->Post([current, answer = std::move(answer)] { current(answer); });
        });
  }
  const absl::Duration next = in_flight_.NextSend();
  if (next < wake_at_) {
    wake_at_ = next;
    loop_->PostAfter(next - loop_->Now(), IfCurrent([this] {
                       wake_at_ = absl::InfiniteDuration();
                       Pump();
                     }));
  }
}

void FrameCalls::Answered(InFlight::FrameId frame, absl::StatusOr<Accept> answer) {
  if (answer.ok()) {
    if (*answer != nullptr) {
      const absl::Status accepted = (*answer)();
      if (!accepted.ok()) return End(events_.refused, accepted);
    }
    in_flight_.Acked(frame);
    starts_.erase(frame);
    if (closed_ && in_flight_.empty()) {
      closed_ = false;
      return events_.drained();
    }
    return Pump();
  }
  const v1::Refusal::Kind kind = RefusalKindOf(answer.status());
  if (kind == v1::Refusal::NOT_YET) {
    in_flight_.NotYet(frame, loop_->Now());
    events_.waiting(answer.status());
  } else if (kind == v1::Refusal::UNKNOWN_KEY_LIST) {
    // The client has forgotten the list as well: next time the keys are sent.
    in_flight_.NotYet(frame, loop_->Now());
  } else if (kind != v1::Refusal::KIND_UNSPECIFIED) {
    return End(events_.refused, answer.status());
  } else if (in_flight_.Failed(frame, loop_->Now()) == InFlight::Verdict::kGiveUp) {
    return End(events_.unreachable, answer.status());
  }
  Pump();
}

void FrameCalls::End(const std::function<void(const absl::Status&)>& event,
                     const absl::Status& status) {
  Abandon();
  event(status);
}

}  // namespace paceline::worker

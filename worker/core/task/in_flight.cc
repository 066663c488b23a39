#include "worker/core/task/in_flight.h"

#include <algorithm>

#include "common/check.h"

namespace paceline::worker {

InFlight::InFlight(const InFlightOptions& options)
    : options_(options), budget_(options.retry_budget) {
  PL_CHECK_GT(options.calls_per_server, 0u);
}

InFlight::FrameId InFlight::Add(uint32_t server, uint64_t bytes) {
  const FrameId id = next_++;
  Frame& frame = frames_[id];
  frame.server = server;
  frame.bytes = bytes;
  bytes_ += bytes;
  return id;
}

std::vector<InFlight::Call> InFlight::Take(absl::Duration now) {
  std::vector<Call> calls;
  for (auto& [id, frame] : frames_) {
    if (frame.outstanding || frame.not_before > now) continue;
    uint32_t& out = calls_[frame.server];
    if (out >= options_.calls_per_server) continue;
    ++out;
    frame.outstanding = true;
    ++frame.calls;
    ++calls_made_;
    if (frame.failures > 0) ++calls_repeated_;
    Call call;
    call.frame = id;
    call.server = frame.server;
    call.attempt = frame.calls;
    // All frames may share one slow link.
    call.timeout = CallDeadline(options_.deadline, bytes_);
    calls.push_back(call);
  }
  return calls;
}

absl::Duration InFlight::NextSend() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [id, frame] : frames_) {
    if (frame.outstanding) continue;
    const auto out = calls_.find(frame.server);
    if (out != calls_.end() && out->second >= options_.calls_per_server) continue;
    next = std::min(next, frame.not_before);
  }
  return next;
}

InFlight::Frame& InFlight::Return(FrameId id) {
  const auto it = frames_.find(id);
  PL_CHECK(it != frames_.end()) << "frame " << id;
  PL_CHECK(it->second.outstanding) << "frame " << id;
  it->second.outstanding = false;
  --calls_[it->second.server];
  return it->second;
}

void InFlight::Acked(FrameId id) {
  bytes_ -= Return(id).bytes;
  frames_.erase(id);
  budget_.OnSuccess();
}

InFlight::Verdict InFlight::Failed(FrameId id, absl::Duration now) {
  Frame& frame = Return(id);
  frame.not_yets = 0;
  ++frame.failures;
  if (frame.failures >= options_.attempts) return Verdict::kGiveUp;
  BackoffOptions backoff = options_.failure_backoff;
  if (!budget_.TakeRetry()) backoff.first = backoff.most;
  frame.not_before = now + Backoff(backoff, options_.seed ^ id, frame.failures);
  return Verdict::kSendAgain;
}

void InFlight::NotYet(FrameId id, absl::Duration now) {
  Frame& frame = Return(id);
  frame.failures = 0;
  ++frame.not_yets;
  frame.not_before = now + Backoff(options_.not_yet_backoff, options_.seed ^ id, frame.not_yets);
}

void InFlight::Clear() {
  frames_.clear();
  calls_.clear();
  bytes_ = 0;
}

}  // namespace paceline::worker

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
  servers_[server].waiting.insert(id);
  return id;
}

std::vector<InFlight::Call> InFlight::Take(absl::Duration now) {
  std::vector<Call> calls;
  for (auto& [number, server] : servers_) {
    while (!Full(server)) {
      const std::optional<FrameId> id = Next(server, now);
      if (!id.has_value()) break;
      Frame& frame = frames_.at(*id);
      server.waiting.erase(*id);
      ++server.outstanding;
      ++frame.calls;
      ++calls_made_;
      if (frame.failures > 0) ++calls_repeated_;
      // All frames may share one slow link.
      calls.push_back(Call{.frame = *id,
                           .server = number,
                           .attempt = frame.calls,
                           .timeout = CallDeadline(options_.deadline, bytes_)});
    }
  }
  std::sort(calls.begin(), calls.end(), [this](const Call& a, const Call& b) {
    return options_.newest_first ? a.frame > b.frame : a.frame < b.frame;
  });
  return calls;
}

std::optional<InFlight::FrameId> InFlight::Next(const Server& server, absl::Duration now) const {
  const auto due = [&](FrameId id) { return frames_.at(id).not_before <= now; };
  const auto& waiting = server.waiting;
  if (options_.newest_first) {
    const auto last = std::find_if(waiting.rbegin(), waiting.rend(), due);
    return last == waiting.rend() ? std::nullopt : std::optional(*last);
  }
  const auto first = std::find_if(waiting.begin(), waiting.end(), due);
  return first == waiting.end() ? std::nullopt : std::optional(*first);
}

absl::Duration InFlight::NextSend() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [number, server] : servers_) {
    if (Full(server)) continue;
    for (const FrameId id : server.waiting) next = std::min(next, frames_.at(id).not_before);
  }
  return next;
}

InFlight::Frame& InFlight::Return(FrameId id) {
  const auto it = frames_.find(id);
  PL_CHECK(it != frames_.end()) << "frame " << id;
  Server& server = servers_.at(it->second.server);
  PL_CHECK(server.waiting.insert(id).second) << "frame " << id << " is not outstanding";
  --server.outstanding;
  return it->second;
}

void InFlight::Acked(FrameId id) {
  const Frame& frame = Return(id);
  bytes_ -= frame.bytes;
  servers_.at(frame.server).waiting.erase(id);
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
  servers_.clear();
  bytes_ = 0;
}

}  // namespace paceline::worker

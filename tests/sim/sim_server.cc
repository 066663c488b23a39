#include "tests/sim/sim_server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "common/check.h"

namespace paceline::sim {

SimServer::SimServer(EventLoop* loop, Random* random, const v1::ServerJobOrder& order,
                     uint64_t node_id, uint64_t fold_budget)
    : loop_(loop), random_(random), fold_(fold_budget, "fold budget") {
  server::ServerJob::Options options;
  options.order = order;
  options.node_id = node_id;
  options.node_incarnation = 1;
  options.memory = &memory_;
  options.fold = &fold_;
  auto job = server::ServerJob::Open(options);
  PL_CHECK(job.ok()) << job.status();
  job_ = *std::move(job);
}

server::Payload SimServer::Receive(const worker::FramePayload& payload) {
  server::Payload received;
  for (const worker::PayloadPiece& piece : payload) {
    size_t offset = 0;
    while (offset < piece.size) {
      // A network slice may end anywhere, also inside a float.
      const size_t size = std::min<size_t>(piece.size - offset, 1 + random_->Below(40));
      received.Append({piece.owner, {reinterpret_cast<const uint8_t*>(piece.data) + offset, size}});
      offset += size;
    }
  }
  return received;
}

void SimServer::OpenRank(const v1::RequestContext& context,
                         const Network::Done<v1::OpenRankResponse>& done) {
  done(job_->OpenRank(context));
}

void SimServer::Push(const worker::PushFrame& frame, const Network::Done<v1::PushResponse>& done) {
  job_->Push(frame.header, Receive(frame.payload), done);
}

void SimServer::Pull(const worker::PullFrame& frame, const Network::Done<server::PullReply>& done) {
  const std::optional<uint64_t> ticket = job_->Pull(frame.header, Receive(frame.payload), done);
  if (!ticket.has_value()) return;
  loop_->After(absl::Milliseconds(frame.header.max_wait_ms()),
               [job = job_, ticket] { job->Expire(*ticket); });
}

}  // namespace paceline::sim

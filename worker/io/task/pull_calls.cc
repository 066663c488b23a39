#include "worker/io/task/pull_calls.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace paceline::worker {

void AddPull(FrameCalls* calls, const std::shared_ptr<DataClient>& client, PullFrame planned,
             std::function<absl::Status(const PullFrame&, const PullReply&)> accept) {
  auto frame = std::make_shared<const PullFrame>(std::move(planned));
  calls->Add(
      frame->server, frame->payload_bytes + frame->reply_bytes,
      [frame, client, accept = std::move(accept)](absl::Duration timeout,
                                                  const FrameCalls::Done& done) {
        client->Pull(*frame, timeout, [frame, accept, done](absl::StatusOr<PullReply> reply) {
          if (!reply.ok()) return done(reply.status());
          auto held = std::make_shared<PullReply>(std::move(*reply));
          done(FrameCalls::Accept([frame, accept, held] { return accept(*frame, *held); }));
        });
      });
}

absl::Status ScatterReply(const ShardLayout& layout, const PullFrame& frame, const PullReply& reply,
                          Parameters* parameters, DeltaStates* states) {
  return Scatter(
      layout, frame, reply.header, reply.payload->size(),
      [&](void* to, size_t size) { return reply.payload->Read(to, size); }, parameters, states);
}

}  // namespace paceline::worker

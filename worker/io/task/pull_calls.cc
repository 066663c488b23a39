#include "worker/io/task/pull_calls.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/status/status_macros.h"

namespace paceline::worker {
namespace {

absl::Status Accept(const ShardLayout& layout, const PullFrame& frame, const PullReply& reply,
                    const PullInto& into) {
  PL_RETURN_IF_ERROR(Scatter(
      layout, frame, reply.header, reply.payload->size(),
      [&](void* to, size_t size) { return reply.payload->Read(to, size); }, into.parameters(),
      into.states));
  if (into.scattered != nullptr) into.scattered(frame, reply);
  return absl::OkStatus();
}

}  // namespace

void AddPull(FrameCalls* calls, const std::shared_ptr<DataClient>& client,
             std::shared_ptr<const ShardLayout> layout, PullFrame planned, PullInto into) {
  auto frame = std::make_shared<PullFrame>(std::move(planned));
  calls->Add(
      frame->server, frame->payload_bytes + frame->reply_bytes,
      [frame, client, layout = std::move(layout), into = std::move(into)](
          absl::Duration timeout, const FrameCalls::Done& done) {
        // The rows may have moved since the last attempt.
        frame->places = PlacesOf(*layout, *frame, into.parameters());
        client->Pull(*frame, timeout, [frame, layout, into, done](absl::StatusOr<PullReply> reply) {
          if (!reply.ok()) return done(reply.status());
          auto held = std::make_shared<PullReply>(std::move(*reply));
          done([frame, layout, into, held] { return Accept(*layout, *frame, *held, into); });
        });
      });
}

}  // namespace paceline::worker

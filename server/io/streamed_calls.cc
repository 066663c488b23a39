#include "server/io/streamed_calls.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/refusal/refusal.h"
#include "common/rpc/call_error.h"
#include "server/io/call_stream.h"
#include "server/io/data_methods.h"
#include "server/io/data_plane.h"
#include "server/io/waiting_pull.h"

namespace paceline::server {
namespace {

StreamAnswer Failed(const absl::Status& status) {
  StreamAnswer answer;
  *answer.header.mutable_error() = ToCallError(status);
  return answer;
}

// `set`: puts the response into the header.
template <typename Response, typename Set>
StreamAnswer Answer(absl::StatusOr<Response> response, Set set) {
  if (!response.ok()) return Failed(response.status());
  StreamAnswer answer;
  set(&answer.header, *std::move(response));
  return answer;
}

std::function<void()> ServePull(DataPlane* data_plane, const v1::DataCall& call, Payload payload,
                                const CallStream::Answer& answer) {
  const absl::Time deadline = absl::Now() + absl::Milliseconds(call.timeout_ms());
  std::shared_ptr<WaitingPull> pull =
      WaitingPull::Start(data_plane, call.pull(), std::move(payload), deadline,
                         [answer](absl::StatusOr<PullAnswer> pulled) {
                           if (!pulled.ok()) return answer(Failed(pulled.status()));
                           StreamAnswer streamed;
                           *streamed.header.mutable_pull() = std::move(pulled->header);
                           streamed.payload = std::move(pulled->payload);
                           streamed.held = std::move(pulled->held);
                           answer(std::move(streamed));
                         });
  return [pull = std::move(pull)] { pull->Cancel(); };
}

std::function<void()> Serve(DataPlane* data_plane, const v1::DataCall& call, Payload payload,
                            const CallStream::Answer& answer) {
  switch (call.request_case()) {
    case v1::DataCall::kPush:
      ServePush(data_plane, call.push(), std::move(payload),
                [&](absl::StatusOr<v1::PushResponse> response) {
                  answer(Answer(std::move(response), [](v1::DataAnswer* to, auto from) {
                    *to->mutable_push() = std::move(from);
                  }));
                });
      return nullptr;
    case v1::DataCall::kPull:
      return ServePull(data_plane, call, std::move(payload), answer);
    case v1::DataCall::kOpenRank:
      answer(Answer(ServeOpenRank(data_plane, call.open_rank()),
                    [](v1::DataAnswer* to, auto from) { *to->mutable_open_rank() = from; }));
      return nullptr;
    case v1::DataCall::kPin:
      answer(Answer(ServePin(data_plane, call.pin()),
                    [](v1::DataAnswer* to, auto from) { *to->mutable_pin() = from; }));
      return nullptr;
    case v1::DataCall::kUnpin:
      answer(Answer(ServeUnpin(data_plane, call.unpin()),
                    [](v1::DataAnswer* to, auto from) { *to->mutable_unpin() = from; }));
      return nullptr;
    case v1::DataCall::REQUEST_NOT_SET: {
      const absl::Status status = InvalidStatus("request: one expected, got none that is known");
      data_plane->stats().Handled(DataMethod::kUnknown, status, absl::ZeroDuration());
      answer(Failed(status));
      return nullptr;
    }
  }
  return nullptr;
}

}  // namespace

void AwaitStreams(DataPlane* data_plane) {
  auto options = std::make_shared<CallStream::Options>();
  options->request = [data_plane](grpc::ServerContext* context, CallStream::Wire* wire, void* tag) {
    data_plane->service().RequestStream(context, wire, data_plane->queue(), data_plane->queue(),
                                        tag);
  };
  options->serve = [data_plane](const v1::DataCall& call, Payload payload,
                                const CallStream::Answer& answer) {
    return Serve(data_plane, call, std::move(payload), answer);
  };
  options->with_open_queue = [data_plane](const std::function<void()>& use) {
    return data_plane->WithOpenQueue(use);
  };
  options->arrived = [data_plane](const std::shared_ptr<CallStream>& stream) {
    data_plane->Track(stream);
  };
  CallStream::Await(std::move(options));
}

}  // namespace paceline::server

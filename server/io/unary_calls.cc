#include "server/io/unary_calls.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/refusal/refusal.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/held_event.h"
#include "common/rpc/payload.h"
#include "common/rpc/unary_call.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "server/core/payload.h"
#include "server/io/data_methods.h"
#include "server/io/data_plane.h"
#include "server/io/received_payload.h"
#include "server/io/waiting_pull.h"

namespace paceline::server {
namespace {

// Parses a raw request; its payload stays where it was received.
// Errors:  INVALID  not a message of this type.
template <typename Request>
absl::Status Decode(const grpc::ByteBuffer& buffer, Request* header, Payload* payload) {
  paceline::Payload received;
  const absl::Status decoded =
      DecodeMessage(buffer, Request::kPayloadFieldNumber, header, &received);
  if (!decoded.ok()) return InvalidStatus(decoded.message());
  *payload = Share(std::move(received));
  return absl::OkStatus();
}

// A method that is answered at once. `serve(request, answer)`.
template <typename Request, typename Response, typename Serve>
void ServeAtOnce(DataPlane* data_plane, int ahead,
                 void (DataPlane::Service::*request)(grpc::ServerContext*, Request*,
                                                     grpc::ServerAsyncResponseWriter<Response>*,
                                                     grpc::CompletionQueue*,
                                                     grpc::ServerCompletionQueue*, void*),
                 Serve serve) {
  ServeUnary<Request, Response>(
      data_plane->served_queue(),
      [data_plane, request](auto*... call) { (data_plane->service().*request)(call...); },
      [data_plane, serve](const Request& asked, const UnaryAnswer<Response>& answer) {
        answer(serve(data_plane, asked));
      },
      ahead);
}

absl::StatusOr<grpc::ByteBuffer> Push(DataPlane* data_plane, const grpc::ByteBuffer& request) {
  v1::PushRequest header;
  Payload payload;
  if (absl::Status decoded = Decode(request, &header, &payload); !decoded.ok()) {
    data_plane->stats().Handled(DataMethod::kPush, decoded, absl::ZeroDuration());
    return decoded;
  }
  absl::StatusOr<grpc::ByteBuffer> answer;
  ServePush(data_plane, header, std::move(payload), [&](absl::StatusOr<v1::PushResponse> response) {
    if (response.ok()) {
      answer = EncodeMessage(*response, /*payload_field=*/0);
    } else {
      answer = response.status();
    }
  });
  return answer;
}

class PullCall : public std::enable_shared_from_this<PullCall> {
 public:
  // Waits for a call, and after it for the next.
  static void Await(DataPlane* data_plane) {
    const std::shared_ptr<PullCall> call(new PullCall(data_plane));
    data_plane->WithOpenQueue([&] {
      call->context_.AsyncNotifyWhenDone(call->gone_.Due(call));
      data_plane->service().RequestPull(&call->context_, &call->request_, &call->writer_,
                                        data_plane->queue(), data_plane->queue(),
                                        call->arrived_.Due(call));
    });
  }

 private:
  explicit PullCall(DataPlane* data_plane) : data_plane_(data_plane), writer_(&context_) {}

  void OnArrived(bool ok) {
    if (!ok) {
      // The server shuts down. gone_ comes only for calls that have arrived.
      gone_.Drop();
      return;
    }
    Await(data_plane_);
    v1::PullRequest header;
    Payload keys;
    const absl::Status decoded = Decode(request_, &header, &keys);
    if (!decoded.ok()) {
      data_plane_->stats().Handled(DataMethod::kPull, decoded, absl::ZeroDuration());
      return Answer(decoded);
    }
    std::shared_ptr<WaitingPull> pull = WaitingPull::Start(
        data_plane_, header, std::move(keys), absl::FromChrono(context_.deadline()),
        [self = shared_from_this()](absl::StatusOr<PullAnswer> answer) {
          self->Answer(std::move(answer));
        });
    {
      MutexLock lock(&mu_);
      if (!over_) {
        pull_ = std::move(pull);
        return;
      }
    }
    pull->Cancel();
  }

  void Answer(absl::StatusOr<PullAnswer> answer) {
    if (answer.ok()) held_ = std::move(answer->held);
    data_plane_->WithOpenQueue([&] {
      if (answer.ok()) {
        writer_.Finish(
            EncodeMessage(answer->header, v1::PullResponse::kPayloadFieldNumber, answer->payload),
            grpc::Status::OK, finished_.Due(shared_from_this()));
      } else {
        writer_.FinishWithError(ToGrpcStatus(answer.status()), finished_.Due(shared_from_this()));
      }
    });
  }

  // Answered, or the caller cancelled it or went away.
  void OnGone() {
    std::shared_ptr<WaitingPull> pull;
    {
      MutexLock lock(&mu_);
      over_ = true;
      pull = std::move(pull_);
    }
    if (pull != nullptr) pull->Cancel();
  }

  DataPlane* const data_plane_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_;
  HeldEvent arrived_{[this](bool ok) { OnArrived(ok); }};
  HeldEvent gone_{[this](bool) { OnGone(); }};
  HeldEvent finished_{[](bool) {}};
  // Until the call is over.
  std::shared_ptr<void> held_;
  Mutex mu_;
  std::shared_ptr<WaitingPull> pull_ ABSL_GUARDED_BY(mu_);
  bool over_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace

void ServeUnaryCalls(DataPlane* data_plane, int ahead) {
  ServeAtOnce<grpc::ByteBuffer, grpc::ByteBuffer>(data_plane, ahead,
                                                  &DataPlane::Service::RequestPush, &Push);
  for (int i = 0; i < ahead; ++i) PullCall::Await(data_plane);
  ServeAtOnce<v1::OpenRankRequest, v1::OpenRankResponse>(
      data_plane, ahead, &DataPlane::Service::RequestOpenRank, &ServeOpenRank);
  ServeAtOnce<v1::PinRequest, v1::PinResponse>(data_plane, ahead, &DataPlane::Service::RequestPin,
                                               &ServePin);
  ServeAtOnce<v1::UnpinRequest, v1::UnpinResponse>(data_plane, ahead,
                                                   &DataPlane::Service::RequestUnpin, &ServeUnpin);
}

}  // namespace paceline::server

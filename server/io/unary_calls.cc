#include "server/io/unary_calls.h"

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "common/sync.h"
#include "server/io/unary_call.h"
#include "server/io/waiting_pull.h"

namespace paceline::server {
namespace {

class PushCall final : public Call<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static void Await(DataPlane* data_plane) {
    auto* const call = new PushCall(data_plane);
    const bool open = data_plane->WithOpenQueue([&] {
      data_plane->service().RequestPush(&call->context_, &call->request_, &call->writer_,
                                        data_plane->queue(), data_plane->queue(), &call->arrived_);
    });
    if (!open) call->Release();
  }

 private:
  using Call::Call;
  void AwaitNext() override { Await(data_plane_); }

  void Handle() override {
    v1::PushRequest header;
    Payload payload;
    const absl::Status decoded = Decode(request_, &header, &payload);
    if (!decoded.ok()) return Reply(decoded);
    request_.Clear();
    ServePush(data_plane_, header, std::move(payload),
              [this](absl::StatusOr<v1::PushResponse> response) {
                if (!response.ok()) return Reply(response.status());
                Reply(EncodeMessage(*response, /*payload_field=*/0));
              });
  }
};

class PullCall final : public Call<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  static void Await(DataPlane* data_plane) {
    auto* const call = new PullCall(data_plane);
    // For gone_, which may overtake the arrival.
    call->Hold();
    const bool open = data_plane->WithOpenQueue([&] {
      call->context_.AsyncNotifyWhenDone(&call->gone_);
      data_plane->service().RequestPull(&call->context_, &call->request_, &call->writer_,
                                        data_plane->queue(), data_plane->queue(), &call->arrived_);
    });
    if (open) return;
    call->Release();
    call->Release();
  }

 private:
  using Call::Call;

  void AwaitNext() override { Await(data_plane_); }
  // gone_ comes only for calls that have arrived.
  void OnNeverArrived() override { Release(); }

  void Handle() override {
    v1::PullRequest header;
    Payload keys;
    const absl::Status decoded = Decode(request_, &header, &keys);
    if (!decoded.ok()) return Reply(decoded);
    // For the answer, which may come from any thread.
    Hold();
    std::shared_ptr<WaitingPull> pull = WaitingPull::Start(
        data_plane_, header, std::move(keys), absl::FromChrono(context_.deadline()),
        [this](absl::StatusOr<PullAnswer> answer) {
          Answer(std::move(answer));
          Release();
        });
    bool gone;
    {
      MutexLock lock(&mu_);
      pull_ = pull;
      gone = gone_already_;
    }
    if (gone) pull->Cancel();
  }

  void Answer(absl::StatusOr<PullAnswer> answer) {
    if (!answer.ok()) return Reply(answer.status());
    held_ = std::move(answer->held);
    Reply(EncodeMessage(answer->header, v1::PullResponse::kPayloadFieldNumber, answer->payload));
  }

  // The call is over: answered, or the caller cancelled it or went away.
  void OnGone(bool) {
    std::shared_ptr<WaitingPull> pull;
    {
      MutexLock lock(&mu_);
      gone_already_ = true;
      pull = std::move(pull_);
    }
    if (pull != nullptr && context_.IsCancelled()) pull->Cancel();
    Release();
  }

  QueueEvent gone_ = [this](bool ok) { OnGone(ok); };
  // Until the call is over.
  std::shared_ptr<void> held_;
  Mutex mu_;
  std::shared_ptr<WaitingPull> pull_ ABSL_GUARDED_BY(mu_);
  bool gone_already_ ABSL_GUARDED_BY(mu_) = false;
};

// The calls whose messages are small: parsed by gRPC.
template <typename Request, typename Response>
struct Method {
  using RequestCall = void (DataPlane::Service::*)(grpc::ServerContext*, Request*,
                                                   grpc::ServerAsyncResponseWriter<Response>*,
                                                   grpc::CompletionQueue*,
                                                   grpc::ServerCompletionQueue*, void*);
  RequestCall request;
  absl::StatusOr<Response> (*serve)(DataPlane* data_plane, const Request& request);
};

template <typename Request, typename Response>
class SmallCall final : public Call<Request, Response> {
 public:
  using M = Method<Request, Response>;

  static void Await(DataPlane* data_plane, const M& method) {
    auto* const call = new SmallCall(data_plane, method);
    const bool open = data_plane->WithOpenQueue([&] {
      (data_plane->service().*method.request)(&call->context_, &call->request_, &call->writer_,
                                              data_plane->queue(), data_plane->queue(),
                                              &call->arrived_);
    });
    if (!open) call->Release();
  }

 private:
  SmallCall(DataPlane* data_plane, const M& method)
      : Call<Request, Response>(data_plane), method_(method) {}
  void AwaitNext() override { Await(this->data_plane_, method_); }
  void Handle() override { this->Reply(method_.serve(this->data_plane_, this->request_)); }

  const M method_;
};

}  // namespace

void AwaitUnaryCalls(DataPlane* data_plane) {
  PushCall::Await(data_plane);
  PullCall::Await(data_plane);
  SmallCall<v1::OpenRankRequest, v1::OpenRankResponse>::Await(
      data_plane, {&DataPlane::Service::RequestOpenRank, &ServeOpenRank});
  SmallCall<v1::PinRequest, v1::PinResponse>::Await(data_plane,
                                                    {&DataPlane::Service::RequestPin, &ServePin});
  SmallCall<v1::UnpinRequest, v1::UnpinResponse>::Await(
      data_plane, {&DataPlane::Service::RequestUnpin, &ServeUnpin});
}

}  // namespace paceline::server

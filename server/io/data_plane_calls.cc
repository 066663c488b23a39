#include "server/io/data_plane_calls.h"

#include <memory>
#include <utility>

#include "common/failpoint/failpoint.h"
#include "server/io/data_plane_call.h"
#include "server/io/pull_call.h"

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
    ++data_plane_->stats().pushes;
    if (const absl::Status fault = Failpoint("server.push.receive"); !fault.ok()) {
      return Reply(fault);
    }
    v1::PushRequest header;
    Payload payload;
    const absl::Status decoded = Decode(data_plane_, request_, &header, &payload);
    if (!decoded.ok()) return Reply(decoded);
    request_.Clear();
    const absl::StatusOr<std::shared_ptr<ServerJob>> job =
        FindJob(data_plane_, header.context().job_id());
    if (!job.ok()) return Reply(job.status());
    (*job)->Push(header, payload, [this](absl::StatusOr<v1::PushResponse> response) {
      if (!response.ok()) return Reply(response.status());
      data_plane_->stats().duplicates += response->duplicates();
      if (const absl::Status fault = Failpoint("server.push.reply"); !fault.ok()) {
        return Reply(fault);
      }
      Reply(EncodeMessage(*response, /*payload_field=*/0));
    });
  }
};

// The calls whose messages are small: parsed by gRPC.
template <typename Request, typename Response>
struct Method {
  using RequestCall = void (DataPlane::Service::*)(grpc::ServerContext*, Request*,
                                                   grpc::ServerAsyncResponseWriter<Response>*,
                                                   grpc::CompletionQueue*,
                                                   grpc::ServerCompletionQueue*, void*);
  RequestCall request;
  absl::StatusOr<Response> (*handle)(DataPlane& data_plane, ServerJob& job, const Request& request);
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

  void Handle() override {
    const absl::StatusOr<std::shared_ptr<ServerJob>> job =
        FindJob(this->data_plane_, this->request_.context().job_id());
    if (!job.ok()) return this->Reply(job.status());
    this->Reply(method_.handle(*this->data_plane_, **job, this->request_));
  }

  const M method_;
};

absl::StatusOr<v1::OpenRankResponse> OpenRank(DataPlane& data_plane, ServerJob& job,
                                              const v1::OpenRankRequest& request) {
  PL_RETURN_IF_ERROR(Failpoint("server.open_rank.receive"));
  absl::StatusOr<v1::OpenRankResponse> response = job.OpenRank(request.context());
  if (!response.ok()) return response;
  PL_RETURN_IF_ERROR(Failpoint("server.open_rank.reply"));
  if (data_plane.arenas() != nullptr) {
    response->set_shared_memory_socket(data_plane.arenas()->socket_name());
  }
  return response;
}

absl::StatusOr<v1::PinResponse> Pin(DataPlane&, ServerJob& job, const v1::PinRequest& request) {
  return job.Pin(request.context());
}

absl::StatusOr<v1::UnpinResponse> Unpin(DataPlane&, ServerJob& job,
                                        const v1::UnpinRequest& request) {
  return job.Unpin(request);
}

}  // namespace

void AwaitCalls(DataPlane* data_plane) {
  PushCall::Await(data_plane);
  AwaitPull(data_plane);
  SmallCall<v1::OpenRankRequest, v1::OpenRankResponse>::Await(
      data_plane, {&DataPlane::Service::RequestOpenRank, &OpenRank});
  SmallCall<v1::PinRequest, v1::PinResponse>::Await(data_plane,
                                                    {&DataPlane::Service::RequestPin, &Pin});
  SmallCall<v1::UnpinRequest, v1::UnpinResponse>::Await(
      data_plane, {&DataPlane::Service::RequestUnpin, &Unpin});
}

}  // namespace paceline::server

#include "worker/io/net/grpc_scheduler_client.h"

#include <grpcpp/client_context.h>

#include <utility>

#include "absl/time/clock.h"
#include "common/failpoint/failpoint.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "proto/node.grpc.pb.h"

namespace paceline::worker {
namespace {

// What a call needs until its callback; shared with the handle that cancels it.
template <typename Request, typename Response>
struct Call {
  grpc::ClientContext context;
  Request request;
  Response response;
};

template <typename CallState>
class Handle final : public PendingCall {
 public:
  explicit Handle(std::shared_ptr<CallState> call) : call_(std::move(call)) {}
  void Cancel() override { call_->context.TryCancel(); }

 private:
  const std::shared_ptr<CallState> call_;
};

class GrpcSchedulerClient final : public SchedulerClient {
 public:
  explicit GrpcSchedulerClient(const std::string& address)
      : stub_(v1::Coordination::NewStub(MakeChannel(address, grpc::InsecureChannelCredentials()))) {
  }

  std::unique_ptr<PendingCall> SyncTask(const v1::SyncTaskRequest& request, absl::Duration timeout,
                                        Done<v1::SyncTaskResponse> done) override {
    return Start("task.sync.send", "task.sync.answered", request, timeout, std::move(done),
                 [this](auto* context, auto* asked, auto* response, auto finished) {
                   stub_->async()->SyncTask(context, asked, response, std::move(finished));
                 });
  }

  std::unique_ptr<PendingCall> Heartbeat(const v1::HeartbeatRequest& request,
                                         absl::Duration timeout,
                                         Done<v1::HeartbeatResponse> done) override {
    return Start("worker.heartbeat.send", "worker.heartbeat.answered", request, timeout,
                 std::move(done),
                 [this](auto* context, auto* asked, auto* response, auto finished) {
                   stub_->async()->Heartbeat(context, asked, response, std::move(finished));
                 });
  }

 private:
  template <typename Request, typename Response, typename Method>
  std::unique_ptr<PendingCall> Start(FailpointName send, FailpointName answered,
                                     const Request& request, absl::Duration timeout,
                                     Done<Response> done, const Method& method) {
    using CallState = Call<Request, Response>;
    auto call = std::make_shared<CallState>();
    if (const absl::Status fault = Failpoint(send); !fault.ok()) {
      done(fault);
      return std::make_unique<Handle<CallState>>(std::move(call));
    }
    call->request = request;
    // gRPC's deadlines are of the machine's clock.
    call->context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    const std::function<void(grpc::Status)> finished = [call, answered,
                                                        done = std::move(done)](grpc::Status s) {
      const absl::Status status = s.ok() ? Failpoint(answered) : FromGrpcStatus(s);
      if (status.ok()) {
        done(std::move(call->response));
      } else {
        done(status);
      }
    };
    method(&call->context, &call->request, &call->response, finished);
    return std::make_unique<Handle<CallState>>(std::move(call));
  }

  const std::unique_ptr<v1::Coordination::Stub> stub_;
};

}  // namespace

std::unique_ptr<SchedulerClient> MakeGrpcSchedulerClient(const std::string& address) {
  return std::make_unique<GrpcSchedulerClient>(address);
}

}  // namespace paceline::worker

#include "worker/io/net/grpc_scheduler_client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <functional>
#include <utility>

#include "absl/time/clock.h"
#include "common/failpoint/failpoint.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/held_event.h"
#include "proto/node.grpc.pb.h"

namespace paceline::worker {
namespace {

// A call lives while its event is due, or a handle may cancel it.
template <typename Request, typename Response>
struct Call {
  grpc::ClientContext context;
  Response response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
  std::function<void()> done;
  HeldEvent finished{[this](bool) { std::exchange(done, nullptr)(); }};
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
  GrpcSchedulerClient(const std::string& address, const RpcSecurity& security,
                      std::shared_ptr<ClientQueue> queue)
      : queue_(std::move(queue)),
        stub_(v1::Coordination::NewStub(
            MakeChannel(address, security.ChannelCredentials(Role::kScheduler)))) {}

  std::unique_ptr<PendingCall> SyncTask(const v1::SyncTaskRequest& request, absl::Duration timeout,
                                        Done<v1::SyncTaskResponse> done) override {
    return Start("task.sync.send", "task.sync.answered", request, timeout, std::move(done),
                 [this](auto* context, const auto& asked) {
                   return stub_->AsyncSyncTask(context, asked, queue_->get());
                 });
  }

  std::unique_ptr<PendingCall> Heartbeat(const v1::HeartbeatRequest& request,
                                         absl::Duration timeout,
                                         Done<v1::HeartbeatResponse> done) override {
    return Start("worker.heartbeat.send", "worker.heartbeat.answered", request, timeout,
                 std::move(done), [this](auto* context, const auto& asked) {
                   return stub_->AsyncHeartbeat(context, asked, queue_->get());
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
    // gRPC's deadlines are of the machine's clock.
    call->context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    call->done = [call = call.get(), answered, done = std::move(done)] {
      const absl::Status status =
          call->status.ok() ? Failpoint(answered) : FromGrpcStatus(call->status);
      if (status.ok()) {
        done(std::move(call->response));
      } else {
        done(status);
      }
    };
    call->reader = method(&call->context, request);
    call->reader->Finish(&call->response, &call->status, call->finished.Due(call));
    return std::make_unique<Handle<CallState>>(std::move(call));
  }

  const std::shared_ptr<ClientQueue> queue_;
  const std::unique_ptr<v1::Coordination::Stub> stub_;
};

}  // namespace

std::unique_ptr<SchedulerClient> MakeGrpcSchedulerClient(
    const std::string& address, const std::shared_ptr<RpcSecurity>& security,
    std::shared_ptr<ClientQueue> queue) {
  return std::make_unique<GrpcSchedulerClient>(address, *security, std::move(queue));
}

}  // namespace paceline::worker

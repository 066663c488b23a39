// Serves a unary method of an asynchronous service on a ServedQueue.
//
//   ServeUnary<Request, Response>(
//       &queue, [this](auto*... call) { service_.RequestRead(call...); },
//       [this](const Request& request, UnaryAnswer<Response> answer) { answer(Read(request)); });
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_RPC_UNARY_CALL_H_
#define PACELINE_COMMON_RPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/held_event.h"
#include "common/rpc/served_queue.h"

namespace paceline {

// Called once, now or later, by any thread; the request lives until then. Goes nowhere
// once the queue is shut down.
template <typename Response>
using UnaryAnswer = std::function<void(const absl::StatusOr<Response>&)>;

template <typename Request, typename Response>
struct UnaryMethod {
  ServedQueue* queue;
  // The service's own Request...
  std::function<void(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                     grpc::ServerCompletionQueue*, grpc::ServerCompletionQueue*, QueueEvent*)>
      await;
  // Runs on the queue's threads: must not wait.
  std::function<void(const Request&, UnaryAnswer<Response>)> handle;
};

// A call of the method, awaited, handled, answered. Owns itself.
template <typename Request, typename Response>
class UnaryCall {
 public:
  using Method = UnaryMethod<Request, Response>;

  static void Await(std::shared_ptr<const Method> method) {
    auto* const call = new UnaryCall(std::move(method));
    ServedQueue* const queue = call->method_->queue;
    const bool open = queue->WithOpen([&] {
      call->method_->await(&call->context_, &call->request_, &call->writer_, queue->get(),
                           queue->get(), &call->arrived_);
    });
    if (!open) delete call;
  }

 private:
  explicit UnaryCall(std::shared_ptr<const Method> method)
      : method_(std::move(method)), writer_(&context_) {}

  void OnArrived(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    Await(method_);
    // The answer may end this call before handle returns.
    const std::shared_ptr<const Method> method = method_;
    method->handle(request_, [this](const absl::StatusOr<Response>& r) { Answer(r); });
  }

  void Answer(const absl::StatusOr<Response>& response) {
    const bool open = method_->queue->WithOpen([&] {
      if (response.ok()) {
        writer_.Finish(*response, grpc::Status::OK, &finished_);
      } else {
        writer_.FinishWithError(ToGrpcStatus(response.status()), &finished_);
      }
    });
    if (!open) delete this;
  }

  const std::shared_ptr<const Method> method_;
  grpc::ServerContext context_;
  Request request_;
  grpc::ServerAsyncResponseWriter<Response> writer_;
  QueueEvent arrived_ = [this](bool ok) { OnArrived(ok); };
  QueueEvent finished_ = [this](bool) { delete this; };
};

// Awaits calls of a method for as long as the queue is open, `ahead` of them at a time.
// After BuildAndStart.
template <typename Request, typename Response>
void ServeUnary(ServedQueue* queue, decltype(UnaryMethod<Request, Response>::await) await,
                decltype(UnaryMethod<Request, Response>::handle) handle, int ahead = 2) {
  using Method = UnaryMethod<Request, Response>;
  const auto method =
      std::make_shared<const Method>(Method{queue, std::move(await), std::move(handle)});
  for (int i = 0; i < ahead; ++i) UnaryCall<Request, Response>::Await(method);
}

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_UNARY_CALL_H_

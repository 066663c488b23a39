#include "common/rpc/link_meter.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "common/clock.h"
#include "common/rpc/grpc_status.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

constexpr int kRoundTrips = 10;
// Of one exchange, connecting included.
constexpr std::chrono::seconds kExchangeTime(5);

}  // namespace

struct LinkMeter::Call {
  grpc::ClientContext context;
  v1::ExchangeRequest request;
  v1::ExchangeResponse response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ExchangeResponse>> reader;
  grpc::Status status;
};

absl::StatusOr<v1::MeasureLinkResponse> LinkMeter::Measure(
    const std::shared_ptr<grpc::Channel>& channel, absl::Duration duration) {
  const auto stub = v1::Daemon::NewStub(channel);
  PL_ASSIGN_OR_RETURN(const absl::Duration round_trip, RoundTrip(stub.get()));
  v1::MeasureLinkResponse link;
  link.set_round_trip_seconds(absl::ToDoubleSeconds(round_trip));
  PL_ASSIGN_OR_RETURN(const double send, Rate(stub.get(), kMostExchangeBytes, 0, duration));
  PL_ASSIGN_OR_RETURN(const double receive, Rate(stub.get(), 0, kMostExchangeBytes, duration));
  link.set_send_bytes_per_second(send);
  link.set_receive_bytes_per_second(receive);
  return link;
}

void LinkMeter::Stop() {
  MutexLock lock(&mu_);
  stopped_ = true;
  for (grpc::ClientContext* const call : calls_) call->TryCancel();
}

absl::StatusOr<absl::Duration> LinkMeter::RoundTrip(v1::Daemon::Stub* stub) {
  const RealClock clock;
  absl::Duration smallest = absl::InfiniteDuration();
  for (int i = 0; i < kRoundTrips; ++i) {
    Call call;
    PL_RETURN_IF_ERROR(Begin(&call.context));
    const absl::Duration begun = clock.Monotonic();
    call.status = stub->Exchange(&call.context, call.request, &call.response);
    // The first one connects.
    if (i > 0) smallest = std::min(smallest, clock.Monotonic() - begun);
    End(&call.context);
    PL_RETURN_IF_ERROR(FromGrpcStatus(call.status));
  }
  return smallest;
}

absl::StatusOr<double> LinkMeter::Rate(v1::Daemon::Stub* stub, uint32_t send_bytes,
                                       uint32_t reply_bytes, absl::Duration duration) {
  const RealClock clock;
  grpc::CompletionQueue queue;
  int open = 0;
  absl::Status status;
  const auto send = [&] {
    auto call = std::make_unique<Call>();
    if (status.ok()) status = Begin(&call->context);
    if (!status.ok()) return;
    call->request.mutable_data()->assign(send_bytes, 'x');
    call->request.set_reply_bytes(reply_bytes);
    call->reader = stub->AsyncExchange(&call->context, call->request, &queue);
    Call* const raw = call.release();
    raw->reader->Finish(&raw->response, &raw->status, raw);
    ++open;
  };
  const absl::Duration begun = clock.Monotonic();
  for (int i = 0; i < kExchangesAhead; ++i) send();
  double bytes = 0;
  void* tag = nullptr;
  bool ok = false;
  while (open > 0 && queue.Next(&tag, &ok)) {
    const std::unique_ptr<Call> call(static_cast<Call*>(tag));
    --open;
    End(&call->context);
    if (status.ok()) status = FromGrpcStatus(call->status);
    bytes += send_bytes + static_cast<double>(call->response.data().size());
    if (clock.Monotonic() < begun + duration) send();
  }
  const absl::Duration taken = clock.Monotonic() - begun;
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  if (!status.ok()) return status;
  return bytes / absl::ToDoubleSeconds(taken);
}

absl::Status LinkMeter::Begin(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + kExchangeTime);
  MutexLock lock(&mu_);
  if (stopped_) return absl::CancelledError("the daemon is about to end");
  calls_.insert(context);
  return absl::OkStatus();
}

void LinkMeter::End(grpc::ClientContext* context) {
  MutexLock lock(&mu_);
  calls_.erase(context);
}

}  // namespace paceline

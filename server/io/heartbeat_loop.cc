#include "server/io/heartbeat_loop.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/failpoint/failpoint.h"
#include "common/log.h"
#include "common/random.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/poll_timeout.h"
#include "common/rpc/served_queue.h"
#include "common/status/status_macros.h"

namespace paceline::server {
namespace {

// Calls start at least this far apart.
constexpr absl::Duration kSpacing = absl::Milliseconds(5);

}  // namespace

// One call, gRPC's until it is done.
struct HeartbeatLoop::Exchange {
  grpc::ClientContext context;
  v1::HeartbeatRequest request;
  v1::HeartbeatResponse response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::HeartbeatResponse>> reader;
  grpc::Status status;
  QueueEvent finished;
  // Guarded by the loop's mutex.
  bool done = false;
};

HeartbeatLoop::HeartbeatLoop(Options options)
    : options_(std::move(options)),
      stub_(v1::Coordination::NewStub(options_.channel)),
      faults_(options_.faults, /*stream=*/0),
      progress_(options_.clock, "the heartbeat loop"),
      contact_(options_.clock),
      thread_([this] { Run(); }) {}

HeartbeatLoop::~HeartbeatLoop() { Stop(); }

void HeartbeatLoop::ReportNow() {
  MutexLock lock(&mu_);
  changed_ = true;
  changed_cv_.NotifyAll();
}

absl::Status HeartbeatLoop::scheduler_status() const {
  MutexLock lock(&mu_);
  return scheduler_status_;
}

void HeartbeatLoop::Stop() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_cv_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void HeartbeatLoop::Run() {
  int failures = 0;
  while (true) {
    progress_.Round();
    {
      MutexLock lock(&mu_);
      if (stop_) return;
      changed_ = false;
    }
    const absl::Duration called = options_.clock->Monotonic();
    const absl::Status status = CallOnce();
    overdue_ = absl::IsDeadlineExceeded(status) ? overdue_ + 1 : 0;
    // The first late answer is asked for again at once: common/rpc/poll_timeout.h.
    if (status.ok() || absl::IsCancelled(status) || overdue_ == 1) {
      if (overdue_ == 0) failures = 0;
      // A scheduler that answers at once is not overrun.
      WaitUntil(called + kSpacing);
      continue;
    }
    // The first of a series, and then now and then.
    if (failures % 30 == 0) LogWarning("no heartbeat", {{"cause", status}});
    WaitBackoff(++failures);
  }
}

absl::Status HeartbeatLoop::CallOnce() {
  const RpcFault fault = faults_.Next("Heartbeat");
  if (fault.delay > absl::ZeroDuration()) WaitUntil(options_.clock->Monotonic() + fault.delay);
  if (fault.lose_request) return absl::UnavailableError("the request was lost on purpose");
  PL_RETURN_IF_ERROR(Failpoint("server.heartbeat.send"));
  const auto exchange = std::make_unique<Exchange>();
  exchange->request = options_.report();
  *exchange->request.mutable_scheduler() = memory_.last();
  exchange->request.set_sequence(++sequence_);
  const auto twin = fault.duplicate ? std::make_unique<Exchange>() : nullptr;
  if (twin != nullptr) {
    twin->request = exchange->request;
    Send(twin.get());
  }
  Send(exchange.get());
  bool cancel = false;
  {
    MutexLock lock(&mu_);
    while (!exchange->done && !changed_ && !stop_) changed_cv_.Wait(&mu_);
    cancel = !exchange->done;
  }
  if (cancel) exchange->context.TryCancel();
  if (twin != nullptr) twin->context.TryCancel();
  {
    // The events refer to the exchanges and this loop: they are over when CallOnce returns.
    MutexLock lock(&mu_);
    while (!exchange->done || (twin != nullptr && !twin->done)) changed_cv_.Wait(&mu_);
    if (stop_) return absl::CancelledError("stopped");
  }
  absl::Status status = FromGrpcStatus(exchange->status);
  // Given up for news of our own, unless the answer came first.
  if (cancel && absl::IsCancelled(status)) return status;
  if (status.ok()) status = Failpoint("server.heartbeat.answered");
  if (fault.lose_reply) status = absl::UnavailableError("the reply was lost on purpose");
  if (status.ok()) status = memory_.Check(exchange->response.scheduler());
  if (!absl::IsDeadlineExceeded(status) || overdue_ > 0) {
    MutexLock lock(&mu_);
    if (status.ok() != scheduler_status_.ok() && status.ok()) LogInfo("scheduler answers");
    scheduler_status_ = status;
  }
  if (!status.ok()) {
    contact_.Failed(status);
    return status;
  }
  if (exchange->response.heartbeat_ms() > 0) {
    interval_ = absl::Milliseconds(exchange->response.heartbeat_ms());
  }
  contact_.Heard(interval_);
  options_.heed(exchange->response);
  return absl::OkStatus();
}

void HeartbeatLoop::Send(Exchange* exchange) {
  exchange->context.set_deadline(std::chrono::system_clock::now() +
                                 absl::ToChronoMilliseconds(PollTimeout(interval_, overdue_)));
  exchange->finished = [this, exchange](bool) {
    MutexLock lock(&mu_);
    exchange->done = true;
    changed_cv_.NotifyAll();
  };
  exchange->reader = stub_->AsyncHeartbeat(&exchange->context, exchange->request, options_.queue);
  exchange->reader->Finish(&exchange->response, &exchange->status, &exchange->finished);
}

void HeartbeatLoop::WaitUntil(absl::Duration time) {
  MutexLock lock(&mu_);
  while (!stop_ && options_.clock->WaitUntil(&mu_, &changed_cv_, time)) {
  }
}

void HeartbeatLoop::WaitBackoff(int failures) {
  absl::Duration backoff = options_.first_backoff;
  for (int i = 1; i < failures && backoff < options_.max_backoff; ++i) backoff *= 2;
  backoff = std::min(backoff, options_.max_backoff);
  // Half of it to all of it, so that many nodes do not come back at once.
  const double jitter = 0.5 + 0.5 * RandomUniformDouble(options_.seed, 0, sequence_);
  WaitUntil(options_.clock->Monotonic() + jitter * backoff);
}

}  // namespace paceline::server

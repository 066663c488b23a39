#include "common/rpc/health_service.h"

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/unary_call.h"

namespace paceline {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// A call of Watch. What is not gRPC's is guarded by the service's mutex.
struct HealthService::Watch {
  explicit Watch(HealthService* health) : writer(&context) {
    arrived = [this, health](bool ok) { health->OnArrived(this, ok); };
    written = [this, health](bool ok) { health->OnWritten(this, ok); };
    gone = [this, health](bool) { health->OnGone(this); };
    finished = [this, health](bool) { health->OnFinished(this); };
  }

  grpc::ServerContext context;
  HealthCheckRequest request;
  grpc::ServerAsyncWriter<HealthCheckResponse> writer;
  QueueEvent arrived;
  QueueEvent written;
  QueueEvent gone;
  QueueEvent finished;

  // Events outstanding of arrived, gone and finished.
  int events = 3;
  bool here = false;
  bool writing = false;
  bool has_gone = false;
  bool ended = false;
  std::optional<Status> sent;
};

HealthService::HealthService(std::string role, std::size_t most_watches)
    : role_(std::move(role)), most_watches_(most_watches) {}

HealthService::~HealthService() {
  MutexLock lock(&mu_);
  PL_CHECK(watches_.empty()) << "the queue's Shutdown comes first";
}

void HealthService::Register(grpc::ServerBuilder* builder) {
  builder->SetOption(std::make_unique<grpc::HealthCheckServiceServerBuilderOption>(nullptr));
  builder->RegisterService(&service_);
}

void HealthService::Start(ServedQueue* queue) {
  queue_ = queue;
  ServeUnary<HealthCheckRequest, HealthCheckResponse>(
      queue, [this](auto*... call) { service_.RequestCheck(call...); },
      [this](const HealthCheckRequest& request, const UnaryAnswer<HealthCheckResponse>& answer) {
        HealthCheckResponse response;
        {
          MutexLock lock(&mu_);
          response.set_status(StatusOf(request.service()));
        }
        if (response.status() != HealthCheckResponse::SERVICE_UNKNOWN) return answer(response);
        answer(absl::NotFoundError(absl::StrCat(
            "the service \"", role_, "\" or \"\" expected, got \"", request.service(), "\"")));
      });
  AwaitWatch();
}

void HealthService::SetServing(bool serving) {
  MutexLock lock(&mu_);
  serving_ = serving;
  AdvanceAll();
}

void HealthService::Shutdown() {
  MutexLock lock(&mu_);
  shut_down_ = true;
  AdvanceAll();
}

HealthService::Status HealthService::StatusOf(const std::string& service) const {
  if (!service.empty() && service != role_) return HealthCheckResponse::SERVICE_UNKNOWN;
  return serving_ && !shut_down_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void HealthService::AwaitWatch() {
  auto watch = std::make_unique<Watch>(this);
  const bool open = queue_->WithOpen([&] {
    watch->context.AsyncNotifyWhenDone(&watch->gone);
    service_.RequestWatch(&watch->context, &watch->request, &watch->writer, queue_->get(),
                          queue_->get(), &watch->arrived);
  });
  // Its events own it.
  if (open) watch.release();
}

void HealthService::OnArrived(Watch* watch, bool ok) {
  if (!ok) {
    // The server shuts down; `gone` comes only for calls that have arrived.
    delete watch;
    return;
  }
  AwaitWatch();
  MutexLock lock(&mu_);
  watch->here = true;
  if (watches_.size() < most_watches_) {
    watches_.insert(watch);
    Advance(watch);
  } else {
    Finish(watch, absl::ResourceExhaustedError(
                      absl::StrCat("at most ", most_watches_, " may watch the health")));
  }
  Release(watch);
}

void HealthService::OnWritten(Watch* watch, bool ok) {
  MutexLock lock(&mu_);
  watch->writing = false;
  if (!ok) watch->has_gone = true;
  Advance(watch);
}

void HealthService::OnGone(Watch* watch) {
  MutexLock lock(&mu_);
  watch->has_gone = true;
  Advance(watch);
  Release(watch);
}

void HealthService::OnFinished(Watch* watch) {
  MutexLock lock(&mu_);
  Release(watch);
}

void HealthService::Advance(Watch* watch) {
  if (!watch->here || watch->writing || watch->ended) return;
  if (watch->has_gone) return Finish(watch, absl::CancelledError("the client has gone"));
  const Status status = StatusOf(watch->request.service());
  if (watch->sent != status) {
    HealthCheckResponse response;
    response.set_status(status);
    watch->sent = status;
    watch->writing = queue_->WithOpen([&] { watch->writer.Write(response, &watch->written); });
    if (watch->writing) return;
  }
  if (shut_down_) Finish(watch, absl::UnavailableError("the server shuts down"));
}

void HealthService::Finish(Watch* watch, const absl::Status& status) {
  watch->ended = true;
  watches_.erase(watch);
  const bool open =
      queue_->WithOpen([&] { watch->writer.Finish(ToGrpcStatus(status), &watch->finished); });
  if (!open) Release(watch);
}

void HealthService::AdvanceAll() {
  // A copy: watches that end are taken off the list.
  for (Watch* const watch : std::set<Watch*>(watches_)) Advance(watch);
}

void HealthService::Release(Watch* watch) {
  if (--watch->events == 0) delete watch;
}

}  // namespace paceline

#include "common/rpc/daemon_service.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/daemon/descriptors.h"
#include "common/log.h"
#include "common/log_level.h"
#include "common/status/status_macros.h"
#include "common/version/version.h"

namespace paceline {
namespace {

constexpr uint32_t kDefaultMeasureMs = 500;
constexpr uint32_t kMostMeasureMs = 5000;

absl::StatusOr<v1::SetLogLevelResponse> ChangeLogLevel(const v1::SetLogLevelRequest& request) {
  PL_ASSIGN_OR_RETURN(const LogLevel level, ParseLogLevel(request.level()));
  const LogLevel before = GetLogLevel();
  const auto say = [&] {
    LogWarning("log level changed", {{"from", LogLevelName(before)}, {"to", LogLevelName(level)}});
  };
  // While warnings are shown, if they ever are.
  if (level > before) say();
  SetLogLevel(level);
  if (level <= before) say();
  v1::SetLogLevelResponse response;
  response.set_previous(std::string(LogLevelName(before)));
  return response;
}

absl::StatusOr<v1::ExchangeResponse> Exchange(const v1::ExchangeRequest& request) {
  if (request.data().size() > kMostExchangeBytes || request.reply_bytes() > kMostExchangeBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("exchange: at most ", kMostExchangeBytes, " bytes each way expected, got ",
                     request.data().size(), " and ", request.reply_bytes()));
  }
  v1::ExchangeResponse response;
  response.mutable_data()->assign(request.reply_bytes(), 'x');
  return response;
}

absl::Status Check(const v1::MeasureLinkRequest& request) {
  if (request.address().empty()) {
    return absl::InvalidArgumentError("address: host:port of a daemon expected, got nothing");
  }
  if (request.duration_ms() > kMostMeasureMs) {
    return absl::InvalidArgumentError(absl::StrCat("duration_ms: at most ", kMostMeasureMs,
                                                   " expected, got ", request.duration_ms()));
  }
  return absl::OkStatus();
}

}  // namespace

DaemonService::DaemonService(Options options)
    : options_(std::move(options)), started_(options_.clock->Now()) {}

DaemonService::~DaemonService() { Shutdown(); }

void DaemonService::Register(grpc::ServerBuilder* builder) { builder->RegisterService(&service_); }

void DaemonService::Start(ServedQueue* queue) {
  ServeUnary<v1::InspectRequest, v1::InspectResponse>(
      queue, [this](auto*... call) { service_.RequestInspect(call...); },
      [this](const auto&, const UnaryAnswer<v1::InspectResponse>& answer) { answer(Inspect()); });
  ServeUnary<v1::SetLogLevelRequest, v1::SetLogLevelResponse>(
      queue, [this](auto*... call) { service_.RequestSetLogLevel(call...); },
      [](const auto& request, const UnaryAnswer<v1::SetLogLevelResponse>& answer) {
        answer(ChangeLogLevel(request));
      });
  ServeUnary<v1::ExchangeRequest, v1::ExchangeResponse>(
      queue, [this](auto*... call) { service_.RequestExchange(call...); },
      [](const auto& request, const UnaryAnswer<v1::ExchangeResponse>& answer) {
        answer(Exchange(request));
      },
      kExchangesAhead);
  ServeUnary<v1::MeasureLinkRequest, v1::MeasureLinkResponse>(
      queue, [this](auto*... call) { service_.RequestMeasureLink(call...); },
      [this](const auto& request, const UnaryAnswer<v1::MeasureLinkResponse>& answer) {
        MeasureLink(request, answer);
      });
}

void DaemonService::Shutdown() {
  std::thread measurement;
  {
    MutexLock lock(&mu_);
    shut_down_ = true;
    measurement = std::move(measurement_);
  }
  meter_.Stop();
  if (measurement.joinable()) measurement.join();
}

v1::InspectResponse DaemonService::Inspect() const {
  v1::InspectResponse response;
  response.set_role(options_.role);
  response.set_address(options_.address());
  response.set_hostname(options_.hostname);
  response.set_version(std::string(kVersion));
  response.set_time_ms(absl::ToUnixMillis(options_.clock->Now()));
  response.set_started_ms(absl::ToUnixMillis(started_));
  *response.mutable_host() = options_.host();
  response.set_descriptor_limit(DescriptorLimit());
  response.set_descriptors(OpenDescriptors());
  const AcceptLoop::Stats connections = options_.connections();
  response.set_connection_limit(connections.limit);
  response.set_connections(connections.open);
  response.set_log_level(std::string(LogLevelName(GetLogLevel())));
  response.set_tls(options_.tls);
  return response;
}

void DaemonService::MeasureLink(const v1::MeasureLinkRequest& request,
                                const UnaryAnswer<v1::MeasureLinkResponse>& answer) {
  if (const absl::Status status = Check(request); !status.ok()) return answer(status);
  absl::Status refusal;
  {
    MutexLock lock(&mu_);
    if (shut_down_) {
      refusal = absl::UnavailableError("the daemon is about to end");
    } else if (std::exchange(measuring_, true)) {
      refusal = absl::ResourceExhaustedError("another link is being measured from here");
    } else {
      // The one before is through.
      if (measurement_.joinable()) measurement_.join();
      measurement_ = std::thread([this, request, answer] {
        const uint32_t ms = request.duration_ms() == 0 ? kDefaultMeasureMs : request.duration_ms();
        const absl::StatusOr<v1::MeasureLinkResponse> link = meter_.Measure(
            options_.channel(request.address(), request.role()), absl::Milliseconds(ms));
        {
          MutexLock done(&mu_);
          measuring_ = false;
        }
        answer(link);
      });
    }
  }
  if (!refusal.ok()) answer(refusal);
}

}  // namespace paceline

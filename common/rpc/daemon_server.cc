#include "common/rpc/daemon_server.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/daemon_hosts.h"
#include "common/security/identity.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

DaemonService::Options Filled(DaemonService::Options options,
                              const std::shared_ptr<RpcSecurity>& security,
                              const GrpcListener* listener) {
  options.connections = [listener] { return listener->stats(); };
  options.tls = security->tls();
  options.channel = [security](const std::string& address, const std::string& role) {
    // Of a role that there is not nobody has a certificate: the connection says so.
    const Role peer = ParseRole(role).value_or(Role::kServer);
    return MakeChannel(address, security->ChannelCredentials(peer));
  };
  return options;
}

void LearnFromCalls(std::shared_ptr<KnownHosts> hosts, grpc::ServerBuilder* builder) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(LearnDaemonHosts(std::move(hosts)));
  builder->experimental().SetInterceptorCreators(std::move(creators));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DaemonServer>> DaemonServer::Bind(Options options) {
  GrpcListener::Options listen = {.listen = options.listen,
                                  .max_connections = options.max_connections};
  auto hosts = std::make_shared<KnownHosts>();
  if (options.security->tls()) {
    listen.is_known = [hosts](const std::string& host) { return hosts->Has(host); };
  }
  PL_ASSIGN_OR_RETURN(std::unique_ptr<GrpcListener> listener, GrpcListener::Bind(listen));
  return std::unique_ptr<DaemonServer>(
      new DaemonServer(std::move(options), std::move(hosts), std::move(listener)));
}

DaemonServer::DaemonServer(Options options, std::shared_ptr<KnownHosts> hosts,
                           std::unique_ptr<GrpcListener> listener)
    : queue_(options.queue == nullptr ? &own_queue_ : options.queue),
      health_(options.daemon.role),
      daemon_(Filled(std::move(options.daemon), options.security, listener.get())),
      listener_(std::move(listener)) {
  ApplyServerDefaults(&builder_);
  listener_->Register(&builder_, options.security->ServerCredentials(std::move(options.on_denied)));
  if (options.security->tls()) LearnFromCalls(std::move(hosts), &builder_);
  health_.Register(&builder_);
  daemon_.Register(&builder_);
  if (queue_ == &own_queue_) queue_->Register(&builder_);
}

DaemonServer::~DaemonServer() { Shutdown(absl::ZeroDuration()); }

absl::Status DaemonServer::Start() {
  server_ = builder_.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("the gRPC server did not start");
  health_.Start(queue_);
  daemon_.Start(queue_);
  if (queue_ == &own_queue_) queue_->Start(/*threads=*/1);
  listener_->Start();
  return absl::OkStatus();
}

void DaemonServer::AddMetrics(metrics::Scrape* out) const {
  const AcceptLoop::Stats stats = connections();
  out->Gauge("paceline_connections", "Connections that are open, beside HTTP.",
             static_cast<double>(stats.open));
  out->Gauge("paceline_connections_limit", "Connections that may be open.",
             static_cast<double>(stats.limit));
  out->Counter("paceline_connections_accepted_total", "Connections that were accepted.",
               static_cast<double>(stats.accepted));
  out->Counter("paceline_connections_refused_total",
               "Connections that were closed at once, for want of room or descriptors.",
               static_cast<double>(stats.refused));
}

void DaemonServer::Shutdown(absl::Duration deadline) {
  listener_->Stop();
  if (server_ == nullptr) return;
  health_.Shutdown();
  daemon_.Shutdown();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + deadline));
  if (queue_ == &own_queue_) queue_->Shutdown();
}

}  // namespace paceline

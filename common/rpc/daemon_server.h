// The gRPC server of a daemon, with what every daemon serves the same way: connections
// through a listener of its own, health under the name of its role, and the service Daemon.
//
//   PL_ASSIGN_OR_RETURN(rpc_, DaemonServer::Bind({.listen = ..., .security = ...,
//                                                 .daemon = {.role = "worker", ...}}));
//   ... rpc_->port() ...
//   rpc_->builder()->RegisterService(&service);
//   PL_RETURN_IF_ERROR(rpc_->Start());
//   ...
//   rpc_->StopServing();                   // clients move on
//   rpc_->Shutdown(absl::Seconds(5));
//
// With certificates, the last connections are kept for hosts from which daemons and tasks of
// the cluster have called since it started (daemon_hosts.h): nobody else's flood keeps them out.
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_DAEMON_SERVER_H_
#define PACELINE_COMMON_RPC_DAEMON_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/daemon/address.h"
#include "common/metrics/scrape.h"
#include "common/net/accept_loop.h"
#include "common/net/known_hosts.h"
#include "common/rpc/daemon_service.h"
#include "common/rpc/denied_call.h"
#include "common/rpc/grpc_listener.h"
#include "common/rpc/health_service.h"
#include "common/rpc/security.h"
#include "common/rpc/served_queue.h"

namespace paceline {

class DaemonServer {
 public:
  struct Options {
    // Port 0: any free one.
    HostPort listen;
    // 0: as many as descriptors allow (common/daemon/descriptors.h).
    uint64_t max_connections = 0;
    // Of its connections, and of those that it makes to measure links.
    std::shared_ptr<RpcSecurity> security = RpcSecurity::Insecure();
    // Serves health and Daemon too. The caller registers and starts it, and shuts it down
    // after this. Null: a queue of its own with one thread.
    ServedQueue* queue = nullptr;
    // Told of calls that the certificate of their caller does not allow. May be empty.
    DeniedCallObserver on_denied;
    // `connections`, `tls` and `channel` are filled in.
    DaemonService::Options daemon;
  };

  // Clients can connect, and wait until Start.
  // Errors:  Unavailable  "--listen: cannot listen on host:port: " and why.
  static absl::StatusOr<std::unique_ptr<DaemonServer>> Bind(Options options);

  // Shuts down at once.
  ~DaemonServer();
  DaemonServer(const DaemonServer&) = delete;
  DaemonServer& operator=(const DaemonServer&) = delete;

  int port() const { return listener_->port(); }
  AcceptLoop::Stats connections() const { return listener_->stats(); }
  // paceline_connections, paceline_connections_limit, paceline_connections_accepted_total,
  // paceline_connections_refused_total.
  void AddMetrics(metrics::Scrape* out) const;

  // For the daemon's own services. Before Start.
  grpc::ServerBuilder* builder() { return &builder_; }

  // Once.
  // Errors:  Internal  gRPC did not start; its log says why.
  absl::Status Start();

  // Health says NOT_SERVING from now on. The rest goes on.
  void StopServing() { health_.SetServing(false); }

  // Accepts nobody any more, lets calls in progress finish for at most `deadline`. May be
  // called twice.
  void Shutdown(absl::Duration deadline);

 private:
  DaemonServer(Options options, std::shared_ptr<KnownHosts> hosts,
               std::unique_ptr<GrpcListener> listener);

  ServedQueue own_queue_;
  ServedQueue* const queue_;
  HealthService health_;
  DaemonService daemon_;
  grpc::ServerBuilder builder_;
  std::unique_ptr<GrpcListener> listener_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_DAEMON_SERVER_H_

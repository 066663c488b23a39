// Where a daemon takes its gRPC connections: an accept loop of our own
// (common/net/accept_loop.h) that hands them to gRPC.
//
// gRPC's own listener, as Debian has it, accepts nobody for good once a connection came
// while the process was out of descriptors (CVE-2023-4785), and knows no limit.
//
//   PL_ASSIGN_OR_RETURN(auto listener, GrpcListener::Bind({.listen = options.listen}));
//   listener->Register(&builder, grpc::InsecureServerCredentials());
//   queue.Register(&builder);       // gRPC wants one queue that is polled: served_queue.h
//   server = builder.BuildAndStart();
//   listener->Start();
//   ...
//   listener->Stop();               // first: gRPC leaks what comes later
//   server->Shutdown(deadline);
//
// A connection has kHandshakeTime to speak HTTP/2, or TLS and HTTP/2.
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_GRPC_LISTENER_H_
#define PACELINE_COMMON_RPC_GRPC_LISTENER_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/daemon/address.h"
#include "common/net/accept_loop.h"
#include "common/rpc/tcp_options.h"

namespace paceline {

inline constexpr absl::Duration kHandshakeTime = absl::Seconds(10);

// Of so many connections: an eighth, at least 8, at most half.
uint64_t KeptConnections(uint64_t max_connections);

class GrpcListener {
 public:
  struct Options {
    // Port 0: any free one.
    HostPort listen;
    // Further connections are closed at once. --max-connections
    uint64_t max_connections = 0;
    // Hosts for which the last places are kept (KeptConnections). Empty: for none.
    std::function<bool(const std::string& host)> is_known;
    TcpOptions tcp = DefaultTcpOptions();
  };

  // Errors:  Unavailable  "--listen: cannot listen on host:port: " and why.
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Bind(const Options& options);

  ~GrpcListener();
  GrpcListener(const GrpcListener&) = delete;
  GrpcListener& operator=(const GrpcListener&) = delete;

  int port() const { return loop_->port(); }

  // Before BuildAndStart.
  void Register(grpc::ServerBuilder* builder,
                const std::shared_ptr<grpc::ServerCredentials>& credentials);
  // After BuildAndStart.
  void Start() { loop_->Start(); }
  // Before the server's Shutdown. Clients that try are refused. May be called twice.
  void Stop() { loop_->Stop(); }

  AcceptLoop::Stats stats() const { return loop_->stats(); }

 private:
  GrpcListener() = default;

  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  // Calls the acceptor.
  std::unique_ptr<AcceptLoop> loop_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_GRPC_LISTENER_H_

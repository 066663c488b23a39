// The service Daemon (proto/daemon.proto), the same for scheduler, server and worker.
//
//   DaemonService daemon({.clock = clock, .role = "server", ...});
//   daemon.Register(&builder);
//   queue.Register(&builder);
//   server = builder.BuildAndStart();
//   daemon.Start(&queue);
//   ...
//   daemon.Shutdown();
//   server->Shutdown(deadline);
//   queue.Shutdown();
//
// Inspect:      never fails.
// SetLogLevel:  InvalidArgument    no such level.
// Exchange:     InvalidArgument    more than 1 MiB, either way.
// MeasureLink:  InvalidArgument    no address, or more than 5 s.
//               ResourceExhausted  another measurement is going on.
//               those of LinkMeter.
//
// A link is measured on a thread of its own, so that the queue's threads never wait.
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_DAEMON_SERVICE_H_
#define PACELINE_COMMON_RPC_DAEMON_SERVICE_H_

#include <grpcpp/channel.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/net/accept_loop.h"
#include "common/rpc/link_meter.h"
#include "common/rpc/served_queue.h"
#include "common/rpc/unary_call.h"
#include "common/sync.h"
#include "proto/cluster.pb.h"
#include "proto/daemon.grpc.pb.h"

namespace paceline {

class DaemonService {
 public:
  struct Options {
    // Outlives the service.
    Clock* clock = nullptr;
    // scheduler, server or worker.
    std::string role;
    std::string hostname;
    // Connections are encrypted and both sides are known.
    bool tls = false;
    // What others dial.
    std::function<std::string()> address;
    std::function<v1::HostStatus()> host;
    std::function<AcceptLoop::Stats()> connections;
    // To another daemon, by address and role.
    std::function<std::shared_ptr<grpc::Channel>(const std::string&, const std::string&)> channel;
  };

  explicit DaemonService(Options options);
  // Shuts down.
  ~DaemonService();
  DaemonService(const DaemonService&) = delete;
  DaemonService& operator=(const DaemonService&) = delete;

  // Before BuildAndStart.
  void Register(grpc::ServerBuilder* builder);
  // Takes calls. After BuildAndStart; `queue` is registered there too.
  void Start(ServedQueue* queue);
  // Ends a measurement that is going on. Before the server's own Shutdown. May be called
  // twice.
  void Shutdown();

 private:
  v1::InspectResponse Inspect() const;
  void MeasureLink(const v1::MeasureLinkRequest& request,
                   const UnaryAnswer<v1::MeasureLinkResponse>& answer);

  const Options options_;
  const absl::Time started_;
  v1::Daemon::AsyncService service_;
  LinkMeter meter_;
  Mutex mu_;
  bool measuring_ ABSL_GUARDED_BY(mu_) = false;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
  std::thread measurement_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_DAEMON_SERVICE_H_

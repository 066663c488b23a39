// The standard gRPC health service of a server that has one queue for everything
// (served_queue.h): gRPC's own would add threads that are woken by the server's sockets.
// Knows the server as a whole, the service "", and by the name of its role.
//
//   HealthService health("server");
//   health.Register(&builder);
//   queue.Register(&builder);
//   server = builder.BuildAndStart();
//   health.Start(&queue);
//   ...
//   health.SetServing(false);   // about to go: clients that watch move on
//   health.Shutdown();
//   server->Shutdown(deadline);
//   queue.Shutdown();
//
// Check:   SERVING or NOT_SERVING.
// Errors:  NotFound           of another service.
// Watch:   the same now and after each change; SERVICE_UNKNOWN of another service.
// Errors:  ResourceExhausted  too many watch already.
//          Unavailable        the end, after NOT_SERVING: shut down.
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_HEALTH_SERVICE_H_
#define PACELINE_COMMON_RPC_HEALTH_SERVICE_H_

#include <grpcpp/server_builder.h>

#include <cstddef>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "common/rpc/served_queue.h"
#include "common/sync.h"
#include "proto/health.grpc.pb.h"

namespace paceline {

inline constexpr std::size_t kMostHealthWatches = 64;

class HealthService {
 public:
  explicit HealthService(std::string role, std::size_t most_watches = kMostHealthWatches);
  // After the queue's Shutdown.
  ~HealthService();
  HealthService(const HealthService&) = delete;
  HealthService& operator=(const HealthService&) = delete;

  // Adds the service, in the place of gRPC's own. Before BuildAndStart.
  void Register(grpc::ServerBuilder* builder);
  // Takes calls. After BuildAndStart; `queue` is registered there too.
  void Start(ServedQueue* queue);

  // SERVING from the start.
  void SetServing(bool serving);

  // NOT_SERVING for good, and whoever watches is told and then let go. Before the
  // server's own Shutdown, which would wait for them.
  void Shutdown();

 private:
  struct Watch;
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  Status StatusOf(const std::string& service) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  void AwaitWatch();
  // Events of a watch.
  void OnArrived(Watch* watch, bool ok);
  void OnWritten(Watch* watch, bool ok);
  void OnGone(Watch* watch);
  void OnFinished(Watch* watch);
  // Sends what is new, or the end, unless something is on its way.
  void Advance(Watch* watch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Finish(Watch* watch, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AdvanceAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // One of its three events is over: arrived, gone, finished.
  void Release(Watch* watch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string role_;
  const std::size_t most_watches_;
  grpc::health::v1::Health::AsyncService service_;
  ServedQueue* queue_ = nullptr;
  Mutex mu_;
  bool serving_ ABSL_GUARDED_BY(mu_) = true;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
  // Those that have not been ended.
  std::set<Watch*> watches_ ABSL_GUARDED_BY(mu_);
};

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_HEALTH_SERVICE_H_

// The server daemon in one object: data plane, heartbeat, status pages.
//
//   Server::Options options;
//   options.clock = &clock;
//   options.fs = &fs;
//   options.scheduler = "127.0.0.1:7070";
//   PL_ASSIGN_OR_RETURN(std::unique_ptr<Server> server, Server::Start(std::move(options)));
//   ... server->port() ...
//   server->Shutdown(absl::Seconds(10));
//
// Starts in any order with the scheduler and needs nothing but its address: what
// to hold comes as orders.
//
// Thread-safe.
#ifndef PACELINE_SERVER_SERVER_H_
#define PACELINE_SERVER_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/daemon/address.h"
#include "common/fs.h"
#include "common/rpc/fault_injector.h"
#include "common/rpc/security.h"

namespace paceline::server {

class Server {
 public:
  struct Options {
    // Outlive the server.
    Clock* clock = nullptr;
    FileSystem* fs = nullptr;

    // Port 0: any free one.
    HostPort listen = {.host = "127.0.0.1", .port = 0};
    // What others dial. No host: that of `listen`; port 0: the one that is bound.
    HostPort advertise;
    // No host: no HTTP. Port 0: any free one.
    HostPort http_listen;
    // Of all its connections.
    std::shared_ptr<RpcSecurity> security = RpcSecurity::Insecure();
    // Further ones are refused; 0: as many as descriptors allow.
    uint64_t max_connections = 0;
    // "host:port" of the scheduler.
    std::string scheduler;
    // For files of replicated cuts (checkpoint.replicas).
    std::string data_dir;
    // Shown to people. Empty: the machine's.
    std::string hostname;
    // Of this process: tells its lives apart. 0: random.
    uint64_t process_nonce = 0;

    // Threads of the data plane; 0: one for each core, at least 2.
    int threads = 0;
    // Tables, slots and sums of all jobs [bytes]; 0: no limit. --memory-limit
    uint64_t memory_limit = 0;
    // Updates that wait for their round, of all jobs [bytes]. --fold-limit
    uint64_t fold_limit = uint64_t{1} << 30;
    // Of each job. --max-parked-pulls
    uint32_t max_parked_pulls = 4096;

    // Offers clients on this host to exchange payloads through memory. --shared-memory
    bool shared_memory = true;

    // For tests: of its heartbeats.
    RpcFaultSpec rpc_faults;
  };

  // Listens, and begins to look for the scheduler.
  // Errors:  InvalidArgument  no scheduler, no data_dir, or an address that cannot be
  //                           dialled.
  //          Unavailable      a port that cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Server>> Start(Options options);

  // Shuts down at once.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Bound ports; http_port is 0 without HTTP.
  int port() const;
  int http_port() const;
  // What others dial, "host:port".
  std::string address() const;

  // Whether its loops go round, and whether the scheduler has been heard. For probes.
  absl::Status Health() const;
  absl::Status Ready() const;

  // Says that it is about to go, takes no new jobs, and waits until the scheduler has
  // taken a cut of those that are here and moved them elsewhere: at most `deadline`,
  // and no longer than the scheduler answers. Before Shutdown.
  void Drain(absl::Duration deadline);

  // Answers no health check from now on, ends what waits, lets calls in progress
  // finish for at most `deadline`, and joins all threads. May be called twice.
  void Shutdown(absl::Duration deadline);

  // Returns after Shutdown.
  void Wait();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_SERVER_H_

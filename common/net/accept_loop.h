// Accepts connections on a thread of its own, whatever happens:
//
// * Beyond `most_connections` that are open, further ones are closed at once. The last `kept`
//   places are for hosts that the listener's owner knows: whoever floods it from elsewhere
//   does not keep them out.
// * Without a free descriptor it gives up one that it keeps in reserve, accepts with it,
//   and closes the connection: clients see a refusal, not a hang, and the loop goes on.
// * Without memory it tries again a little later.
//
//   PL_ASSIGN_OR_RETURN(auto loop, AcceptLoop::Listen({.name = "grpc", .listen = address,
//       .most_connections = 768, .accepted = [&](int fd) { Serve(fd); }}));
//   ... loop->port() ...
//   loop->Start();
//
// Thread-safe.
#ifndef PACELINE_COMMON_NET_ACCEPT_LOOP_H_
#define PACELINE_COMMON_NET_ACCEPT_LOOP_H_

#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/daemon/address.h"
#include "common/net/listening_sockets.h"
#include "common/net/open_connections.h"
#include "common/sync.h"

namespace paceline {

class AcceptLoop {
 public:
  struct Options {
    // In the log.
    std::string name;
    HostPort listen;
    uint64_t most_connections = 1024;
    // Of those.
    uint64_t kept = 0;
    // Whether they are for this host, an address (HostOf in common/net/known_hosts.h). Asked
    // when only they are left.
    std::function<bool(const std::string& host)> is_known;
    // Sets up the listening sockets, and so the connections: ListeningSockets::Open.
    std::function<void(int fd)> configure;
    // Takes the connection over, non-blocking, and closes it some time. Must not wait.
    std::function<void(int fd)> accepted;
  };

  struct Stats {
    uint64_t accepted = 0;
    // Closed at once, for want of room or descriptors.
    uint64_t refused = 0;
    uint64_t open = 0;
    uint64_t limit = 0;
  };

  // Clients can connect from now on, and wait.
  // Errors:  Unavailable  the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<AcceptLoop>> Listen(Options options);

  // Stops.
  ~AcceptLoop();
  AcceptLoop(const AcceptLoop&) = delete;
  AcceptLoop& operator=(const AcceptLoop&) = delete;

  int port() const { return sockets_.port(); }

  // Once.
  void Start();
  // Accepts nothing more: clients that try are refused by the system. May be called
  // twice.
  void Stop();

  // `open` looks at every connection.
  Stats stats() const;

 private:
  AcceptLoop(Options options, ListeningSockets sockets);

  void Run();
  // Takes what waits there. False: nothing can be had for now.
  bool AcceptFrom(int listener);
  // Out of descriptors.
  bool RefuseWithReserve(int listener);
  bool HasRoom(const sockaddr_storage& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Refuse(int fd);
  void LogRefusals(const char* why);

  const Options options_;
  ListeningSockets sockets_;
  // An eventfd: something to read there ends the loop.
  int stop_fd_ = -1;
  // The loop's own; -1: lost for now.
  int reserve_fd_ = -1;
  RealClock clock_;
  absl::Duration last_log_ = -absl::InfiniteDuration();
  std::atomic<uint64_t> accepted_{0};
  std::atomic<uint64_t> refused_{0};
  mutable Mutex mu_;
  mutable OpenConnections connections_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_NET_ACCEPT_LOOP_H_

// Connections that have not said anything yet, as browsers open them to have some in
// reserve. One thread waits for all of them, so that none holds a thread that handles
// requests; over TLS, too, where it is the client that speaks first.
//
//   PL_ASSIGN_OR_RETURN(auto waiting, WaitingConnections::Start({.most = 32,
//       .ready = [&](int fd) { threads.enqueue([=] { Serve(fd); }); }, .clock = &clock}));
//   waiting->Add(fd);
//
// One is closed when it hangs up, when it has waited for `longest_wait`, and when more than
// `most` wait and none for longer than it.
//
// Thread-safe.
#ifndef PACELINE_COMMON_HTTP_WAITING_CONNECTIONS_H_
#define PACELINE_COMMON_HTTP_WAITING_CONNECTIONS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/http/http_limits.h"
#include "common/sync.h"

namespace paceline {

class WaitingConnections {
 public:
  struct Options {
    std::size_t most = kMostHttpConnections / 2;
    absl::Duration longest_wait = kHttpFirstByteTime;
    // Takes over a connection whose first bytes are here, and not taken yet. Must not wait.
    std::function<void(int fd)> ready;
    // Outlives this.
    Clock* clock = nullptr;
  };

  // Errors:  Unavailable  no descriptor is left.
  static absl::StatusOr<std::unique_ptr<WaitingConnections>> Start(Options options);

  // Stops.
  ~WaitingConnections();
  WaitingConnections(const WaitingConnections&) = delete;
  WaitingConnections& operator=(const WaitingConnections&) = delete;

  // Takes over a connection. Time runs from now on.
  void Add(int fd);

  // Closes all that wait, and all that come later. May be called twice.
  void Stop();

 private:
  struct Connection {
    int fd = -1;
    absl::Duration deadline;
  };

  WaitingConnections(Options options, int wake_fd);

  void Run();
  // Until one of them speaks or must go, or something was added.
  void Await();
  // Hands over those that spoke, closes those that must go.
  void Settle();
  // False: no more.
  bool TakeAdded();
  void Wake();

  const Options options_;
  // An eventfd: something to read there ends Await.
  const int wake_fd_;
  Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<Connection> added_ ABSL_GUARDED_BY(mu_);
  // The thread's own; oldest first.
  std::vector<Connection> waiting_;
  // Of those, what Await saw: 0, nothing.
  std::vector<short> seen_;
  std::thread thread_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_HTTP_WAITING_CONNECTIONS_H_

// The scheduler daemon in one object: journal, coordinator, services, status pages.
//
//   Scheduler::Options options;
//   options.clock = &clock;
//   options.fs = &fs;
//   options.data_dir = "/var/lib/paceline/scheduler";
//   PL_ASSIGN_OR_RETURN(std::unique_ptr<Scheduler> scheduler,
//                       Scheduler::Start(std::move(options)));
//   ... scheduler->port() ...
//   scheduler->Shutdown(absl::Seconds(10));
//
// Jobs go on while it is down; a start on the same folder goes on where it ended.
//
// Thread-safe.
#ifndef PACELINE_SCHEDULER_SCHEDULER_H_
#define PACELINE_SCHEDULER_SCHEDULER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/daemon/address.h"
#include "common/fs.h"
#include "common/rpc/security.h"

namespace paceline::scheduler {

class Journal;

class Scheduler {
 public:
  struct Options {
    // Outlive the scheduler.
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
    // Holds the journal, and cuts and indexes of jobs that name no folder. Made
    // absolute; created if absent.
    std::string data_dir;
    // In place of the journal in data_dir; outlives the scheduler.
    Journal* journal = nullptr;

    // Time between reports of nodes and tasks; 10 ms to 1 minute. Four in a row
    // missed: lost.
    absl::Duration heartbeat = absl::Seconds(1);
    // Nodes known before this start are not lost sooner than this after it.
    absl::Duration start_grace = absl::Seconds(5);
    // Serve although a node has seen a newer scheduler.
    bool accept_old_state = false;
    // What each user may have (io/limits_file.h). Empty: nobody is limited.
    std::string limits_file;
    // Rules of retention (core/retention.h); 0: jobs that have ended are kept.
    size_t keep_ended_jobs = 0;
    absl::Duration keep_ended_for;
    // Bytes of one file of the audit log, <data_dir>/audit.log.
    uint64_t audit_log_bytes = uint64_t{16} << 20;
    // Random numbers: of the cluster's id, and of this start. Null: the system's.
    std::function<uint64_t()> random;
    // Called once, on any thread, when the scheduler gives up by itself: see Wait.
    std::function<void()> on_end;
  };

  // Replays the journal, then listens.
  // Errors:  InvalidArgument     an option out of range, an address that cannot be dialled,
  //                              or the file of limits; names its line.
  //          DataLoss            the journal is damaged.
  //          FailedPrecondition  another process uses the folder.
  //          Unavailable         a port or folder that cannot be had.
  static absl::StatusOr<std::unique_ptr<Scheduler>> Start(Options options);

  // Shuts down at once.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Bound ports; http_port is 0 without HTTP.
  int port() const;
  int http_port() const;
  // What others dial, "host:port".
  std::string address() const;

  // Whether it serves; it is ready as long as it does. For probes.
  absl::Status Health() const;

  // Answers all that wait, lets calls in progress finish for at most `deadline`, and
  // joins all threads. May be called twice.
  void Shutdown(absl::Duration deadline);

  // Returns after Shutdown, or when the scheduler gives up by itself.
  // Errors:  Aborted  a node has seen a newer scheduler of this cluster; names both.
  absl::Status Wait();

 private:
  class Impl;
  explicit Scheduler(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_SCHEDULER_H_

// LocalCluster made of real processes: one scheduler, servers and workers on
// loopback, each with a port of its own, a log file and a data folder.
#ifndef PACELINE_CLI_LOCAL_PROCESS_CLUSTER_H_
#define PACELINE_CLI_LOCAL_PROCESS_CLUSTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/interrupt.h"
#include "cli/local/daemon_binaries.h"
#include "cli/local/local_cluster.h"
#include "common/clock.h"
#include "common/daemon/port_file.h"
#include "common/fs.h"
#include "common/process/child_process.h"

namespace paceline::cli {

// Owned by one thread: the daemons die with the one that called Start.
class ProcessCluster final : public LocalCluster {
 public:
  struct Options {
    DaemonBinaries binaries;
    // Gets logs, port files and data: scheduler.log, server-0.log, server-0/, ...
    std::string folder;
    int servers = 1;
    int workers = 1;
    // Of the workers; empty: no traces.
    std::string trace;
    // Of the workers; empty: none.
    std::string model_dir;
    // Time for the scheduler to say its port.
    absl::Duration start_timeout = absl::Seconds(30);
    // Time for each group of daemons to end after SIGTERM; then they are killed.
    absl::Duration stop_timeout = absl::Seconds(10);
  };

  // Heartbeat interval of the cluster.
  static constexpr absl::Duration kHeartbeat = absl::Milliseconds(200);

  // Returns once the scheduler serves; the others register when they are ready.
  // Errors:  Internal          a daemon ended at once; has its last log lines.
  //          DeadlineExceeded  start_timeout has passed.
  //          Cancelled         interrupted.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Start(const Options& options, FileSystem& fs,
                                                             Clock& clock, Interrupt& interrupt);

  ~ProcessCluster() override = default;

  std::string scheduler_address() const override { return address_; }
  absl::Status Check() override;
  absl::Status Stop() override;
  absl::Status KillAndRestart(DaemonRole role, int index) override;
  absl::Status Pause(DaemonRole role, int index) override;
  absl::Status Resume(DaemonRole role, int index) override;

 private:
  struct Daemon {
    std::string name;
    std::string program;
    // Beyond those that all daemons have.
    std::vector<std::string> flags;
    std::unique_ptr<ChildProcess> process;
  };

  ProcessCluster(const Options& options, FileSystem& fs, Clock& clock)
      : options_(options), fs_(fs), clock_(clock) {}

  absl::Status Add(const std::string& name, const std::string& program,
                   const std::vector<std::string>& flags);
  // Ports 0: any.
  absl::Status Spawn(const BoundPorts& ports, Daemon* daemon);
  absl::StatusOr<Daemon*> Find(DaemonRole role, int index);
  // Of the daemon's file with this ending; its data folder without one.
  std::string PathOf(const Daemon& daemon, const char* ending = "") const;
  absl::Status AwaitScheduler(Interrupt& interrupt);
  absl::Status DescribeEnd(Daemon& daemon, const ExitStatus& exit);
  // SIGTERM to the daemons whose name begins with `prefix`, and their end.
  void StopGroup(const std::string& prefix, absl::Status* first_error);

  const Options options_;
  FileSystem& fs_;
  Clock& clock_;
  std::string address_;
  std::vector<Daemon> daemons_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_PROCESS_CLUSTER_H_

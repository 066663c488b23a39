// A whole cluster on this machine, for one job.
#ifndef PACELINE_CLI_LOCAL_LOCAL_CLUSTER_H_
#define PACELINE_CLI_LOCAL_LOCAL_CLUSTER_H_

#include <string>

#include "absl/status/status.h"

namespace paceline::cli {

enum class DaemonRole { kScheduler, kServer, kWorker };

// Implementations: ProcessCluster (real processes), InProcessCluster (threads).
//
// Thread-compatible.
class LocalCluster {
 public:
  // Stops what still runs.
  virtual ~LocalCluster() = default;

  // host:port of the scheduler.
  virtual std::string scheduler_address() const = 0;

  // OK while all of it lives; else which part ended, how, and its last log lines.
  // Errors: Internal
  virtual absl::Status Check() = 0;

  // Ends all parts in good order and waits for them. To be called once.
  // Errors: Internal  a part had to be killed, or ended with an error.
  virtual absl::Status Stop() = 0;

  // Kills a daemon, a worker with its tasks, by SIGKILL and starts it again on its
  // ports and folder, as a supervisor would. `index` counts the daemons of the role
  // from 0.
  // Errors: NotFound       there is no such daemon.
  //         Unimplemented  the daemons are not processes.
  virtual absl::Status KillAndRestart(DaemonRole role, int index) = 0;

  // SIGSTOP to a daemon, or SIGCONT; a worker's tasks run on. Errors: as above.
  virtual absl::Status Pause(DaemonRole role, int index) = 0;
  virtual absl::Status Resume(DaemonRole role, int index) = 0;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_LOCAL_CLUSTER_H_

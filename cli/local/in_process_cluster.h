// LocalCluster in this process: scheduler, servers, workers and their tasks on
// threads, over loopback. For debugging (one debugger sees all of it) and for the
// harness; a task that crashes takes everything along.
#ifndef PACELINE_CLI_LOCAL_IN_PROCESS_CLUSTER_H_
#define PACELINE_CLI_LOCAL_IN_PROCESS_CLUSTER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/local/local_cluster.h"
#include "common/clock.h"
#include "common/fs.h"
#include "common/rpc/fault_injector.h"
#include "scheduler/scheduler.h"
#include "server/server.h"
#include "worker/io/net/task_clients.h"
#include "worker/io/task/task.h"
#include "worker/worker.h"

namespace paceline::cli {

// Thread-compatible.
class InProcessCluster final : public LocalCluster {
 public:
  struct Options {
    // Gets the scheduler's and the workers' data: scheduler/, worker-0/, ...
    std::string folder;
    int servers = 1;
    int workers = 1;
    // Tasks that each worker runs at a time; 0: one a GPU, else one.
    int slots = 1;
    // For tests: what is different of a worker, by its number, and of its tasks.
    std::function<void(int index, worker::Worker::Options* worker, worker::TaskOptions* task)>
        change_worker;
    // Who is not heard for four of them is taken for lost: a busy machine may let a thread
    // wait for a second.
    absl::Duration heartbeat = absl::Milliseconds(500);
    // Tasks write traces beside this file; empty: none.
    std::string trace;
    // Folder of users' libraries; empty: none.
    std::string model_dir;
    // Of all calls of tasks, and of the nodes' heartbeats.
    RpcFaultSpec rpc_faults;
    // Of tasks: keys that a server remembers are not sent again.
    bool key_lists = true;
    // Both outlive the cluster.
    FileSystem* fs = nullptr;
    Clock* clock = nullptr;
  };

  // Returns once everything listens; nodes register when they are heard.
  // Errors:  those of the daemons' Start.
  static absl::StatusOr<std::unique_ptr<InProcessCluster>> Start(const Options& options);

  ~InProcessCluster() override;

  std::string scheduler_address() const override;
  absl::Status Check() override { return absl::OkStatus(); }
  absl::Status Stop() override;
  // Threads cannot be killed: Unimplemented.
  absl::Status KillAndRestart(DaemonRole role, int index) override;
  absl::Status Pause(DaemonRole role, int index) override;
  absl::Status Resume(DaemonRole role, int index) override;

  // Stops the scheduler, and starts another on its folder and port.
  absl::Status RestartScheduler();

 private:
  explicit InProcessCluster(const Options& options) : options_(options) {}

  absl::Status StartScheduler(int port);
  absl::Status StartServer();
  absl::Status StartWorker(int index);

  const Options options_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  // Of all tasks; outlives the workers.
  worker::TaskClients task_clients_;
  std::vector<std::unique_ptr<server::Server>> servers_;
  std::vector<std::unique_ptr<worker::Worker>> workers_;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_LOCAL_IN_PROCESS_CLUSTER_H_

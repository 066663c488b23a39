// The worker daemon: starts tasks as the scheduler orders, and serves their logs.
//
//   PL_ASSIGN_OR_RETURN(auto worker, Worker::Start(std::move(options)));
//   WaitForTerminationSignal();
//   worker->Shutdown(absl::Seconds(10));
//
// Thread-safe.
#ifndef PACELINE_WORKER_WORKER_H_
#define PACELINE_WORKER_WORKER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/daemon/address.h"
#include "common/fs.h"
#include "common/rpc/fault_injector.h"
#include "common/rpc/security.h"
#include "worker/core/node/device_flag.h"
#include "worker/gpu/find_gpus.h"
#include "worker/io/node/task_launcher.h"
#include "worker/io/node/task_logs.h"

namespace paceline::worker {

class Worker {
 public:
  struct Options {
    // Port 0: any free one.
    HostPort listen = {"127.0.0.1", 0};
    // What others dial; port 0: the bound one. No host: that of `listen`.
    HostPort advertise;
    // Nothing: no HTTP.
    std::optional<HostPort> http_listen;
    // Of all its connections and of those of its tasks.
    std::shared_ptr<RpcSecurity> security = RpcSecurity::Insecure();
    // Further ones are refused; 0: as many as descriptors allow.
    uint64_t max_connections = 0;
    // Of the scheduler, "host:port".
    std::string scheduler;
    // Logs of tasks and record indexes.
    std::string data_dir;
    // Jobs whose logs are kept: those of the oldest beyond make room.
    size_t keep_logs = kKeptJobLogs;
    // Tasks at a time; none: one a GPU, else one. GPUs beyond are not offered.
    std::optional<uint32_t> slots;
    // Which GPUs tasks may get: gpu_offer.h.
    DeviceFlag device;
    std::function<gpu::GpusFound()> find_gpus = gpu::FindGpus;
    // Where NVML is, for facts about them.
    std::string nvml_library = "libnvidia-ml.so.1";
    // Tasks write traces beside this file (worker/core/trace/trace_path.h). Empty: none.
    std::string trace;

    // How tasks are started. None: as processes of this program's binary.
    std::unique_ptr<TaskLauncher> launcher;
    // Arguments of task processes that say how they log and what goes wrong in them.
    std::vector<std::string> task_arguments;

    // For tests: of its heartbeats.
    RpcFaultSpec rpc_faults;

    // Both outlive the worker.
    Clock* clock = nullptr;
    FileSystem* fs = nullptr;
  };

  // Registers with the scheduler whenever that can be reached.
  // Errors:  InvalidArgument     no scheduler, no slots, no data folder; traces cannot be
  //                              written.
  //          FailedPrecondition  device cuda: what is missing.
  //          Unavailable         an address cannot be listened on.
  //          those of making the data folder.
  static absl::StatusOr<std::unique_ptr<Worker>> Start(Options options);

  // Shuts down at once.
  virtual ~Worker() = default;

  virtual int port() const = 0;
  // 0: no HTTP.
  virtual int http_port() const = 0;
  // OK, or why the scheduler cannot be had.
  virtual absl::Status scheduler_status() const = 0;
  // Whether its loops go round, and whether it takes tasks: the scheduler can be had, and
  // it is not about to go. For probes.
  virtual absl::Status health() const = 0;
  virtual absl::Status ready() const = 0;

  // Takes no new tasks, lets those that run end or go on elsewhere (the scheduler moves
  // their ranks where slots are free) for at most `drain`, then stops them. May be called
  // twice.
  virtual void Shutdown(absl::Duration drain) = 0;
  // Blocks until Shutdown is through.
  virtual void Wait() = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_WORKER_H_

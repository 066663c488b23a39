#include "cli/local/in_process_cluster.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "worker/gpu/find_gpus.h"
#include "worker/io/node/in_process_launcher.h"

namespace paceline::cli {
namespace {

constexpr absl::Duration kDrain = absl::Seconds(5);
constexpr char kOnlyProcesses[] = "only processes can be killed or stopped";

}  // namespace

absl::StatusOr<std::unique_ptr<InProcessCluster>> InProcessCluster::Start(const Options& options) {
  std::unique_ptr<InProcessCluster> cluster(new InProcessCluster(options));
  PL_RETURN_IF_ERROR(cluster->StartScheduler(0));
  cluster->task_clients_ = worker::MakeTaskClients({.scheduler = cluster->scheduler_address(),
                                                    .key_lists = options.key_lists,
                                                    .faults = options.rpc_faults},
                                                   options.clock);
  for (int i = 0; i < options.servers; ++i) PL_RETURN_IF_ERROR(cluster->StartServer());
  for (int i = 0; i < options.workers; ++i) PL_RETURN_IF_ERROR(cluster->StartWorker(i));
  return cluster;
}

InProcessCluster::~InProcessCluster() { Stop().IgnoreError(); }

std::string InProcessCluster::scheduler_address() const { return scheduler_->address(); }

absl::Status InProcessCluster::StartScheduler(int port) {
  scheduler::Scheduler::Options scheduler;
  scheduler.clock = options_.clock;
  scheduler.fs = options_.fs;
  scheduler.listen.port = port;
  scheduler.data_dir = absl::StrCat(options_.folder, "/scheduler");
  scheduler.heartbeat = options_.heartbeat;
  PL_ASSIGN_OR_RETURN(scheduler_, scheduler::Scheduler::Start(std::move(scheduler)));
  return absl::OkStatus();
}

absl::Status InProcessCluster::StartServer() {
  server::Server::Options server;
  server.clock = options_.clock;
  server.fs = options_.fs;
  server.scheduler = scheduler_address();
  server.data_dir = absl::StrCat(options_.folder, "/server-", servers_.size());
  server.rpc_faults = options_.rpc_faults;
  PL_ASSIGN_OR_RETURN(servers_.emplace_back(), server::Server::Start(std::move(server)));
  return absl::OkStatus();
}

absl::Status InProcessCluster::StartWorker(int index) {
  worker::Worker::Options worker;
  worker.clock = options_.clock;
  worker.fs = options_.fs;
  worker.scheduler = scheduler_address();
  worker.data_dir = absl::StrCat(options_.folder, "/worker-", index);
  if (options_.slots > 0) worker.slots = static_cast<uint32_t>(options_.slots);
  worker.rpc_faults = options_.rpc_faults;
  worker.find_gpus = [] {
    return gpu::GpusFound{.gpus = {}, .reason = "a cluster of one process has none"};
  };
  worker::TaskOptions task;
  task.clock = options_.clock;
  task.fs = options_.fs;
  task.scheduler = task_clients_.scheduler.get();
  task.data_client = task_clients_.data;
  task.trace = options_.trace;
  task.model_dir = options_.model_dir;
  if (options_.change_worker) options_.change_worker(index, &worker, &task);
  worker.launcher = worker::MakeInProcessLauncher(std::move(task));
  PL_ASSIGN_OR_RETURN(workers_.emplace_back(), worker::Worker::Start(std::move(worker)));
  return absl::OkStatus();
}

absl::Status InProcessCluster::KillAndRestart(DaemonRole /*role*/, int /*index*/) {
  return absl::UnimplementedError(kOnlyProcesses);
}
absl::Status InProcessCluster::Pause(DaemonRole /*role*/, int /*index*/) {
  return absl::UnimplementedError(kOnlyProcesses);
}
absl::Status InProcessCluster::Resume(DaemonRole /*role*/, int /*index*/) {
  return absl::UnimplementedError(kOnlyProcesses);
}

absl::Status InProcessCluster::RestartScheduler() {
  const int port = scheduler_->port();
  scheduler_->Shutdown(kDrain);
  scheduler_.reset();
  return StartScheduler(port);
}

absl::Status InProcessCluster::Stop() {
  for (const auto& worker : workers_) {
    if (worker != nullptr) worker->Shutdown(absl::ZeroDuration());
  }
  workers_.clear();
  for (const auto& server : servers_) {
    if (server != nullptr) server->Shutdown(kDrain);
  }
  servers_.clear();
  if (scheduler_ != nullptr) scheduler_->Shutdown(kDrain);
  task_clients_ = {};
  return absl::OkStatus();
}

}  // namespace paceline::cli

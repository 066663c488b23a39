#include "worker/worker.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/daemon/descriptors.h"
#include "common/daemon/host_status.h"
#include "common/daemon/process.h"
#include "common/http/http_message.h"
#include "common/http/http_server.h"
#include "common/json/proto_json.h"
#include "common/log.h"
#include "common/metrics/daemon_metrics.h"
#include "common/metrics/registry.h"
#include "common/rpc/channel.h"
#include "common/rpc/daemon_server.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "common/version/version.h"
#include "worker/core/math/blas_kernel.h"
#include "worker/core/node/gpu_offer.h"
#include "worker/gpu/nvml/gpu_monitor.h"
#include "worker/io/net/faulty_scheduler_client.h"
#include "worker/io/net/grpc_scheduler_client.h"
#include "worker/io/node/debug_tasks.h"
#include "worker/io/node/gpu_metrics.h"
#include "worker/io/node/node_agent.h"
#include "worker/io/node/process_launcher.h"
#include "worker/io/node/task_logs_service.h"
#include "worker/io/node/task_supervisor.h"
#include "worker/io/node/worker_metrics.h"
#include "worker/io/trace/trace_file.h"

namespace paceline::worker {
namespace {

// A worker that does not look at its tasks for so long is not alive.
constexpr absl::Duration kSilence = absl::Seconds(30);

absl::Status Check(const Worker::Options& options) {
  if (options.scheduler.empty()) {
    return absl::InvalidArgumentError("--scheduler: host:port expected, got nothing");
  }
  if (options.data_dir.empty()) {
    return absl::InvalidArgumentError("--data-dir: a folder expected, got nothing");
  }
  return absl::OkStatus();
}

std::unique_ptr<TaskLauncher> ProcessLauncher(const Worker::Options& options) {
  ProcessLauncherOptions launcher;
  launcher.fs = options.fs;
  launcher.command = {"/proc/self/exe", "task"};
  launcher.arguments = options.task_arguments;
  launcher.arguments.push_back(absl::StrCat("--scheduler=", options.scheduler));
  launcher.arguments.push_back(absl::StrCat("--index-dir=", JoinPath(options.data_dir, "index")));
  if (options.security->tls()) {
    launcher.arguments.push_back(absl::StrCat("--tls-dir=", options.security->tls_dir()));
  }
  if (!options.trace.empty()) {
    launcher.arguments.push_back(absl::StrCat("--trace=", options.trace));
  }
  launcher.environment = BlasEnvironment();
  launcher.data_dir = options.data_dir;
  launcher.kept_logs = options.keep_logs;
  return MakeProcessLauncher(std::move(launcher));
}

// GPUs are looked for only where some may be offered.
absl::StatusOr<GpuOffer> Offer(const Worker::Options& options) {
  const v1::DeviceKind kind = options.device.kind;
  const bool wanted = kind == v1::DEVICE_KIND_AUTO || kind == v1::DEVICE_KIND_CUDA;
  return OfferGpus(options.device, wanted ? options.find_gpus() : gpu::GpusFound(), options.slots);
}

class WorkerImpl final : public Worker {
 public:
  WorkerImpl(Options options, GpuOffer offer)
      : options_(std::move(options)),
        offer_(std::move(offer)),
        gpus_({.clock = options_.clock, .gpus = offer_.gpus, .library = options_.nvml_library}),
        launcher_(options_.launcher != nullptr ? std::move(options_.launcher)
                                               : ProcessLauncher(options_)),
        scheduler_(WithFaults(MakeGrpcSchedulerClient(options_.scheduler, options_.security),
                              options_.rpc_faults, /*stream=*/0, options_.clock)),
        supervisor_(
            {.clock = options_.clock,
             .launcher = launcher_.get(),
             .device = [this](std::optional<uint32_t> gpu) { return DeviceOfTask(offer_, gpu); },
             .changed = [this] { OnTasksChanged(); }}),
        logs_({.clock = options_.clock,
               .fs = options_.fs,
               .supervisor = &supervisor_,
               .data_dir = options_.data_dir}) {
    metrics::AddDaemonMetrics(
        {.role = "worker",
         .clock = options_.clock,
         .certificate_expires_ms = [this] { return options_.security->expires_ms(); }},
        &metrics_);
    metrics_.AddCollector([this](metrics::Scrape* out) { Collect(out); });
  }

  ~WorkerImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Start() {
    PL_RETURN_IF_ERROR(Listen());
    PL_RETURN_IF_ERROR(ListenHttp());
    NodeAgent::Options agent;
    agent.clock = options_.clock;
    agent.scheduler = scheduler_.get();
    agent.supervisor = &supervisor_;
    agent.self.set_role(v1::NODE_ROLE_WORKER);
    agent.self.set_address(address().ToString());
    if (http_ != nullptr) {
      agent.self.set_http_address(HostPort{address().host, http_->port()}.ToString());
    }
    agent.self.set_hostname(Hostname());
    agent.self.set_version(std::string(kVersion));
    agent.self.set_process_nonce(RandomNonce());
    agent.self.set_slots(offer_.slots);
    agent.self.set_no_gpu_reason(offer_.no_gpu_reason);
    agent.gpus = [this] { return gpus_.Status(); };
    agent.host = [this] { return Host(); };
    agent.fs = options_.fs;
    agent.data_dir = options_.data_dir;
    LogInfo("device", {{"chosen", OfferText(offer_)}});
    for (const gpu::GpuDescription& gpu : offer_.gpus) {
      LogInfo("GPU", {{"gpu", gpu.ordinal},
                      {"name", gpu.name},
                      {"bytes", gpu.memory_bytes},
                      {"uuid", gpu.uuid}});
    }
    MutexLock lock(&mu_);
    agent_ = std::make_unique<NodeAgent>(std::move(agent));
    agent_->Start();
    return absl::OkStatus();
  }

  int port() const override { return rpc_ == nullptr ? 0 : rpc_->port(); }
  int http_port() const override { return http_ == nullptr ? 0 : http_->port(); }

  // Alive: the threads that speak with the scheduler and that watch tasks are.
  absl::Status health() const override {
    MutexLock lock(&mu_);
    if (agent_ == nullptr || shutting_down_) return absl::OkStatus();
    PL_RETURN_IF_ERROR(agent_->health());
    const absl::Duration silence = supervisor_.silence();
    if (silence <= kSilence) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("tasks have not been looked at for ", absl::FormatDuration(silence)));
  }

  absl::Status scheduler_status() const override {
    MutexLock lock(&mu_);
    return agent_ == nullptr ? absl::UnavailableError("the worker is starting")
                             : agent_->scheduler_status();
  }

  absl::Status ready() const override {
    MutexLock lock(&mu_);
    if (shutting_down_) return absl::UnavailableError("shutting down");
    return agent_ == nullptr ? absl::UnavailableError("starting") : agent_->Ready();
  }

  void Shutdown(absl::Duration drain) override {
    NodeAgent* agent = nullptr;
    {
      MutexLock lock(&mu_);
      if (std::exchange(shutting_down_, true)) {
        while (!down_) changed_.Wait(&mu_);
        return;
      }
      agent = agent_.get();
    }
    if (rpc_ != nullptr) rpc_->StopServing();
    if (agent != nullptr) {
      agent->Drain();
      MutexLock lock(&mu_);
      options_.clock->Await(&mu_, &changed_, options_.clock->Monotonic() + drain,
                            [this] { return supervisor_.Reports().empty(); });
    }
    supervisor_.Shutdown();
    if (agent != nullptr) agent->Stop();
    logs_.Shutdown();
    if (http_ != nullptr) http_->Shutdown();
    if (rpc_ != nullptr) rpc_->Shutdown(absl::Seconds(1));
    MutexLock lock(&mu_);
    down_ = true;
    changed_.NotifyAll();
  }

  void Wait() override {
    MutexLock lock(&mu_);
    while (!down_) changed_.Wait(&mu_);
  }

 private:
  absl::Status Listen() {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::channelz::experimental::InitChannelzService();
    DaemonServer::Options rpc;
    rpc.listen = options_.listen;
    rpc.max_connections = options_.max_connections;
    rpc.security = options_.security;
    rpc.daemon.clock = options_.clock;
    rpc.daemon.role = "worker";
    rpc.daemon.hostname = Hostname();
    rpc.daemon.address = [this] { return address().ToString(); };
    rpc.daemon.host = [this] { return Host(); };
    PL_ASSIGN_OR_RETURN(rpc_, DaemonServer::Bind(std::move(rpc)));
    rpc_->builder()->RegisterService(&logs_);
    return rpc_->Start();
  }

  absl::Status ListenHttp() {
    if (!options_.http_listen.has_value()) return absl::OkStatus();
    HttpServer::Options http;
    http.host = options_.http_listen->host;
    http.port = options_.http_listen->port;
    if (!options_.advertise.host.empty()) http.allowed_hosts = {options_.advertise.host};
    http.tls = HttpTls::For(options_.security->tls_dir(), http.host);
    http.healthz = [this] { return health(); };
    http.readyz = [this] { return ready(); };
    http.most_connections = ConnectionLimits().http;
    http.role = "worker";
    http.get["/metrics"] = HttpPage(kHttpPrometheus, [this] { return metrics_.Text(); });
    http.get["/status"] = HttpPage(kHttpJson, [this] { return Status(); });
    http.get["/debug/shards"] = HttpPage(kHttpJson, [] { return R"({"shards":[]})"; });
    http.get["/debug/tasks"] =
        HttpPage(kHttpJson, [this] { return DebugTasksJson(supervisor_.Tasks()); });
    PL_ASSIGN_OR_RETURN(http_, HttpServer::Start(std::move(http)));
    return absl::OkStatus();
  }

  HostPort address() const { return Advertised(options_.listen, options_.advertise, port()); }

  v1::HostStatus Host() const {
    return ReadHostStatus(options_.data_dir, options_.security->expires_ms());
  }

  void Collect(metrics::Scrape* out) const {
    WorkerFigures figures;
    figures.slots = offer_.slots;
    figures.tasks = supervisor_.Reports();
    {
      MutexLock lock(&mu_);
      if (agent_ != nullptr) {
        figures.heartbeat_age = agent_->contact().age();
        figures.scheduler_up = agent_->scheduler_status().ok();
      }
    }
    AddWorkerMetrics(figures, out);
    AddTaskMetrics(supervisor_.stats(), out);
    AddGpuMetrics(gpus_.Status(), out);
    if (rpc_ != nullptr) rpc_->AddMetrics(out);
  }

  // What the scheduler is told.
  std::string Status() const {
    v1::HeartbeatRequest status;
    status.set_role(v1::NODE_ROLE_WORKER);
    status.set_hostname(Hostname());
    status.set_version(std::string(kVersion));
    status.set_slots(offer_.slots);
    status.set_no_gpu_reason(offer_.no_gpu_reason);
    for (v1::GpuStatus& gpu : gpus_.Status()) status.add_gpus()->Swap(&gpu);
    for (v1::TaskReport& report : supervisor_.Reports()) status.add_tasks()->Swap(&report);
    return ProtoToJson(status, JsonLayout::kIndented);
  }

  void OnTasksChanged() {
    MutexLock lock(&mu_);
    if (agent_ != nullptr) agent_->Wake();
    changed_.NotifyAll();
  }

  Options options_;
  const GpuOffer offer_;
  gpu::GpuMonitor gpus_;
  const std::unique_ptr<TaskLauncher> launcher_;
  const std::unique_ptr<SchedulerClient> scheduler_;
  mutable Mutex mu_;
  CondVar changed_;
  bool shutting_down_ ABSL_GUARDED_BY(mu_) = false;
  bool down_ ABSL_GUARDED_BY(mu_) = false;
  TaskSupervisor supervisor_;
  TaskLogsService logs_;
  metrics::Registry metrics_;
  std::unique_ptr<DaemonServer> rpc_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<NodeAgent> agent_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Worker>> Worker::Start(Options options) {
  PL_RETURN_IF_ERROR(Check(options));
  PL_RETURN_IF_ERROR(options.fs->CreateDirs(options.data_dir));
  if (!options.trace.empty()) PL_RETURN_IF_ERROR(CheckTraceFile(*options.fs, options.trace));
  PL_ASSIGN_OR_RETURN(GpuOffer offer, Offer(options));
  auto worker = std::make_unique<WorkerImpl>(std::move(options), std::move(offer));
  PL_RETURN_IF_ERROR(worker->Start());
  return worker;
}

}  // namespace paceline::worker

#include "scheduler/scheduler.h"

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/audit/audit_log.h"
#include "common/cut/held_cuts.h"
#include "common/daemon/descriptors.h"
#include "common/daemon/host_status.h"
#include "common/daemon/process.h"
#include "common/http/http_message.h"
#include "common/http/http_server.h"
#include "common/log.h"
#include "common/metrics/daemon_metrics.h"
#include "common/metrics/registry.h"
#include "common/rpc/channel.h"
#include "common/rpc/cut_file_service.h"
#include "common/rpc/daemon_server.h"
#include "common/rpc/denied_call.h"
#include "common/rpc/peer_files.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "common/version/version.h"
#include "scheduler/io/coordinator.h"
#include "scheduler/io/dashboard_pages.h"
#include "scheduler/io/debug_pages.h"
#include "scheduler/io/denied_calls.h"
#include "scheduler/io/http_token.h"
#include "scheduler/io/limits_file.h"
#include "scheduler/io/services.h"
#include "scheduler/io/sqlite_journal.h"
#include "scheduler/io/status_pages.h"
#include "scheduler/io/tensorboard_writer.h"

namespace paceline::scheduler {
namespace {

constexpr absl::Duration kLeastHeartbeat = absl::Milliseconds(10);
constexpr absl::Duration kMostHeartbeat = absl::Minutes(1);

absl::StatusOr<std::string> AbsolutePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (!error) return absolute.lexically_normal().string();
  return absl::UnavailableError(absl::StrCat("--data-dir ", path, ": ", error.message()));
}

// Lists jobs with the histories of those that want their curves written.
absl::StatusOr<v1::ListJobsResponse> ListJobsWithCurves(Coordinator* coordinator,
                                                        const v1::ListJobsRequest& request) {
  PL_ASSIGN_OR_RETURN(v1::ListJobsResponse jobs, coordinator->ListJobs(request, Identity()));
  for (v1::Job& job : *jobs.mutable_jobs()) {
    if (job.spec().output().tensorboard().empty()) continue;
    v1::GetJobRequest one;
    one.set_job_id(job.job_id());
    PL_ASSIGN_OR_RETURN(job, coordinator->GetJob(one, Identity()));
  }
  return jobs;
}

}  // namespace

// The members in the order in which they need each other.
class Scheduler::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {
    if (!options_.random) options_.random = RandomNonce;
  }

  ~Impl() { Shutdown(absl::ZeroDuration()); }

  absl::Status Start() {
    PL_RETURN_IF_ERROR(CheckOptions());
    PL_RETURN_IF_ERROR(StartCoordinator());
    PL_RETURN_IF_ERROR(StartGrpc());
    PL_RETURN_IF_ERROR(StartHttp());
    const std::string http =
        http_port_ == 0 ? "" : HostPort{.host = address().host, .port = http_port_}.ToString();
    coordinator_->SetAddresses(address().ToString(), http);
    curves_ = std::make_unique<TensorboardWriter>(TensorboardWriter::Options{
        .clock = options_.clock, .fs = options_.fs, .list_jobs = [this](const auto& request) {
          return ListJobsWithCurves(coordinator_.get(), request);
        }});
    return absl::OkStatus();
  }

  void Shutdown(absl::Duration deadline) {
    {
      MutexLock lock(&mu_);
      if (std::exchange(shut_down_, true)) return;
    }
    if (rpc_ != nullptr) rpc_->StopServing();
    if (http_ != nullptr) http_->Shutdown();
    curves_ = nullptr;
    // Ends what is parked, so that the server has little left to wait for.
    if (coordinator_ != nullptr) coordinator_->Shutdown();
    if (rpc_ != nullptr) rpc_->Shutdown(deadline);
    if (audit_ != nullptr) audit_->Stop();
    MutexLock lock(&mu_);
    ended_ = true;
    ended_cv_.NotifyAll();
  }

  absl::Status Wait() {
    MutexLock lock(&mu_);
    while (!ended_) ended_cv_.Wait(&mu_);
    return status_;
  }

  absl::Status Health() const { return coordinator_->Health(); }
  int port() const { return rpc_ == nullptr ? 0 : rpc_->port(); }
  int http_port() const { return http_port_; }
  HostPort address() const { return Advertised(options_.listen, options_.advertise, port()); }

 private:
  absl::Status CheckOptions() {
    if (options_.heartbeat < kLeastHeartbeat || options_.heartbeat > kMostHeartbeat) {
      return absl::InvalidArgumentError(
          absl::StrCat("--heartbeat-ms: ", absl::FormatDuration(kLeastHeartbeat), " to ",
                       absl::FormatDuration(kMostHeartbeat), " expected, got ",
                       absl::FormatDuration(options_.heartbeat)));
    }
    if (options_.data_dir.empty()) {
      return absl::InvalidArgumentError("--data-dir: a folder expected, got nothing");
    }
    if (IsWildcard(address().host)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--advertise: nobody can dial ", address().host));
    }
    PL_ASSIGN_OR_RETURN(options_.data_dir, AbsolutePath(options_.data_dir));
    return options_.fs->CreateDirs(options_.data_dir);
  }

  absl::Status StartCoordinator() {
    cuts_ = std::make_unique<HeldCuts>(
        HeldCuts::Options{.fs = options_.fs,
                          .data_dir = options_.data_dir,
                          .open_peer = MakePeerFiles(options_.security)});
    Coordinator::Options options;
    options.journal = options_.journal;
    if (options.journal == nullptr) {
      PL_ASSIGN_OR_RETURN(journal_,
                          SqliteJournal::Open(JoinPath(options_.data_dir, "scheduler.db")));
      options.journal = journal_.get();
    }
    options.clock = options_.clock;
    options.cuts = cuts_.get();
    options.host = [this] { return Host(); };
    if (!options_.limits_file.empty()) {
      limits_ = std::make_unique<LimitsFile>(options_.fs, options_.limits_file);
      options.limits = limits_.get();
    }
    options.core.plan.keep_ended_jobs = options_.keep_ended_jobs;
    options.core.plan.keep_ended_for = options_.keep_ended_for;
    options.on_stale = [this](const absl::Status& why) { GiveUp(why); };
    options.core.plan.heartbeat = options_.heartbeat;
    options.core.plan.start_grace = options_.start_grace;
    options.core.plan.data_dir = options_.data_dir;
    options.core.plan.version = std::string(kVersion);
    options.core.new_cluster_id = absl::StrFormat("%016x", options_.random());
    options.core.start_nonce = options_.random();
    options.core.accept_old_state = options_.accept_old_state;
    PL_ASSIGN_OR_RETURN(coordinator_, Coordinator::Start(std::move(options)));
    return absl::OkStatus();
  }

  absl::Status StartGrpc() {
    audit_ = std::make_unique<AuditLog>(
        AuditLog::Options{.fs = options_.fs,
                          .clock = options_.clock,
                          .path = JoinPath(options_.data_dir, "audit.log"),
                          .max_bytes = options_.audit_log_bytes});
    denied_calls_ = std::make_unique<DeniedCalls>(audit_.get(), options_.clock);
    scheduler_service_ =
        std::make_unique<SchedulerService>(coordinator_.get(), cuts_.get(), audit_.get());
    cut_files_ = std::make_unique<CutFileService>(cuts_.get());
    coordination_service_ = std::make_unique<CoordinationService>(coordinator_.get());
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::channelz::experimental::InitChannelzService();
    DaemonServer::Options rpc;
    rpc.listen = options_.listen;
    rpc.max_connections = options_.max_connections;
    rpc.security = options_.security;
    rpc.on_denied = [denied = denied_calls_.get()](const DeniedCall& call) {
      denied->Record(call);
    };
    rpc.daemon.clock = options_.clock;
    rpc.daemon.role = "scheduler";
    rpc.daemon.hostname = Hostname();
    rpc.daemon.address = [this] { return address().ToString(); };
    rpc.daemon.host = [this] { return Host(); };
    PL_ASSIGN_OR_RETURN(rpc_, DaemonServer::Bind(std::move(rpc)));
    rpc_->builder()->RegisterService(scheduler_service_.get());
    rpc_->builder()->RegisterService(coordination_service_.get());
    rpc_->builder()->RegisterService(cut_files_.get());
    return rpc_->Start();
  }

  absl::Status StartHttp() {
    if (options_.http_listen.host.empty()) return absl::OkStatus();
    metrics::AddDaemonMetrics(
        {.role = "scheduler",
         .clock = options_.clock,
         .certificate_expires_ms = [this] { return options_.security->expires_ms(); }},
        &metrics_);
    metrics_.AddCollector([this](metrics::Scrape* out) {
      CollectMetrics(coordinator_.get(), absl::ToUnixMillis(options_.clock->Now()), out);
      AddAuditMetrics(audit_->Stats(), out);
      rpc_->AddMetrics(out);
    });
    HttpServer::Options http;
    http.host = options_.http_listen.host;
    http.port = options_.http_listen.port;
    http.allowed_hosts = {address().host};
    http.tls = HttpTls::For(options_.security->tls_dir(), options_.http_listen.host);
    http.role = "scheduler";
    http.healthz = [this] { return Health(); };
    http.readyz = [this] { return Health(); };
    http.most_connections = ConnectionLimits().http;
    http.get["/metrics"] = HttpPage(kHttpPrometheus, [this] { return metrics_.Text(); });
    http.get["/status"] = HttpPage(kHttpJson, [this] { return StatusJson(coordinator_.get()); });
    http.get["/debug/tasks"] = HttpPage(
        kHttpJson, [this] { return TasksJson(coordinator_->LiveJobs(kMaxJobsOnDebugPages)); });
    http.get["/debug/shards"] = HttpPage(
        kHttpJson, [this] { return ShardsJson(coordinator_->LiveShards(kMaxJobsOnDebugPages)); });
    PL_RETURN_IF_ERROR(AddDashboard(&http));
    PL_ASSIGN_OR_RETURN(http_, HttpServer::Start(std::move(http)));
    http_port_ = http_->port();
    return absl::OkStatus();
  }

  v1::HostStatus Host() const {
    return ReadHostStatus(options_.data_dir, options_.security->expires_ms());
  }

  absl::Status AddDashboard(HttpServer::Options* http) {
    DashboardPages::Options options;
    options.coordinator = coordinator_.get();
    options.clock = options_.clock;
    options.audit = audit_.get();
    // Certificates say who everybody is where there are any.
    if (!http->tls.has_value()) {
      PL_ASSIGN_OR_RETURN(options.token,
                          LoadOrMakeHttpToken(JoinPath(options_.data_dir, "http-token")));
    }
    dashboard_ = std::make_unique<DashboardPages>(std::move(options));
    dashboard_->AddTo(http);
    return absl::OkStatus();
  }

  // The coordinator serves nobody any more; whoever waits shuts the rest down.
  void GiveUp(const absl::Status& why) {
    {
      MutexLock lock(&mu_);
      status_ = why;
      ended_ = true;
      ended_cv_.NotifyAll();
    }
    if (options_.on_end) options_.on_end();
  }

  Options options_;
  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<HeldCuts> cuts_;
  std::unique_ptr<LimitsFile> limits_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<DeniedCalls> denied_calls_;
  std::unique_ptr<TensorboardWriter> curves_;
  std::unique_ptr<SchedulerService> scheduler_service_;
  std::unique_ptr<CoordinationService> coordination_service_;
  std::unique_ptr<CutFileService> cut_files_;
  std::unique_ptr<DaemonServer> rpc_;
  metrics::Registry metrics_;
  std::unique_ptr<DashboardPages> dashboard_;
  std::unique_ptr<HttpServer> http_;
  int http_port_ = 0;

  Mutex mu_;
  CondVar ended_cv_;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
};

absl::StatusOr<std::unique_ptr<Scheduler>> Scheduler::Start(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  PL_RETURN_IF_ERROR(impl->Start());
  LogInfo("scheduler started", {{"address", impl->address().ToString()}});
  return std::unique_ptr<Scheduler>(new Scheduler(std::move(impl)));
}

Scheduler::Scheduler(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scheduler::~Scheduler() = default;

int Scheduler::port() const { return impl_->port(); }
int Scheduler::http_port() const { return impl_->http_port(); }
absl::Status Scheduler::Health() const { return impl_->Health(); }
std::string Scheduler::address() const { return impl_->address().ToString(); }
void Scheduler::Shutdown(absl::Duration deadline) { impl_->Shutdown(deadline); }
absl::Status Scheduler::Wait() { return impl_->Wait(); }

}  // namespace paceline::scheduler

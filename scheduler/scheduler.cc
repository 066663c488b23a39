#include "scheduler/scheduler.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/cut/held_cuts.h"
#include "common/http/http_message.h"
#include "common/http/http_server.h"
#include "common/log.h"
#include "common/rpc/channel.h"
#include "common/rpc/cut_file_service.h"
#include "common/rpc/peer_files.h"
#include "common/status/status_macros.h"
#include "common/sync.h"
#include "common/version/version.h"
#include "scheduler/io/coordinator.h"
#include "scheduler/io/dashboard_pages.h"
#include "scheduler/io/http_token.h"
#include "scheduler/io/services.h"
#include "scheduler/io/sqlite_journal.h"
#include "scheduler/io/status_pages.h"

namespace paceline::scheduler {
namespace {

constexpr absl::Duration kLeastHeartbeat = absl::Milliseconds(10);
constexpr absl::Duration kMostHeartbeat = absl::Minutes(1);

uint64_t SystemRandom() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

absl::StatusOr<std::string> AbsolutePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (!error) return absolute.lexically_normal().string();
  return absl::UnavailableError(absl::StrCat("--data-dir ", path, ": ", error.message()));
}

}  // namespace

// The members in the order in which they need each other.
class Scheduler::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {
    if (!options_.random) options_.random = SystemRandom;
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
    return absl::OkStatus();
  }

  void Shutdown(absl::Duration deadline) {
    {
      MutexLock lock(&mu_);
      if (std::exchange(shut_down_, true)) return;
    }
    if (server_ != nullptr) server_->GetHealthCheckService()->SetServingStatus(false);
    if (http_ != nullptr) http_->Shutdown();
    // Ends what is parked, so that the server has little left to wait for.
    if (coordinator_ != nullptr) coordinator_->Shutdown();
    if (server_ != nullptr) server_->Shutdown(absl::ToChronoTime(absl::Now() + deadline));
    MutexLock lock(&mu_);
    ended_ = true;
    ended_cv_.NotifyAll();
  }

  absl::Status Wait() {
    MutexLock lock(&mu_);
    while (!ended_) ended_cv_.Wait(&mu_);
    return status_;
  }

  int port() const { return port_; }
  int http_port() const { return http_port_; }
  HostPort address() const {
    return {
        .host = options_.advertise.host.empty() ? options_.listen.host : options_.advertise.host,
        .port = options_.advertise.port == 0 ? port_ : options_.advertise.port};
  }

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
    cuts_ = std::make_unique<HeldCuts>(HeldCuts::Options{
        .fs = options_.fs, .data_dir = options_.data_dir, .open_peer = MakePeerFiles()});
    Coordinator::Options options;
    options.journal = options_.journal;
    if (options.journal == nullptr) {
      PL_ASSIGN_OR_RETURN(journal_,
                          SqliteJournal::Open(JoinPath(options_.data_dir, "scheduler.db")));
      options.journal = journal_.get();
    }
    options.clock = options_.clock;
    options.cuts = cuts_.get();
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
    scheduler_service_ = std::make_unique<SchedulerService>(coordinator_.get(), cuts_.get());
    cut_files_ = std::make_unique<CutFileService>(cuts_.get());
    coordination_service_ = std::make_unique<CoordinationService>(coordinator_.get());
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    builder.AddListeningPort(options_.listen.ToString(), grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(scheduler_service_.get());
    builder.RegisterService(coordination_service_.get());
    builder.RegisterService(cut_files_.get());
    server_ = builder.BuildAndStart();
    if (server_ != nullptr && port_ != 0) return absl::OkStatus();
    server_ = nullptr;
    return absl::UnavailableError(
        absl::StrCat("--listen: cannot listen on ", options_.listen.ToString()));
  }

  absl::Status StartHttp() {
    if (options_.http_listen.host.empty()) return absl::OkStatus();
    HttpServer::Options http;
    http.host = options_.http_listen.host;
    http.port = options_.http_listen.port;
    http.allowed_hosts = {address().host};
    http.role = "scheduler";
    http.healthz = [this] { return coordinator_->Health(); };
    http.readyz = [this] { return coordinator_->Health(); };
    http.get["/metrics"] =
        HttpPage(kHttpPrometheus, [this] { return MetricsText(coordinator_.get()); });
    http.get["/status"] = HttpPage(kHttpJson, [this] { return StatusJson(coordinator_.get()); });
    PL_RETURN_IF_ERROR(AddDashboard(&http));
    PL_ASSIGN_OR_RETURN(http_, HttpServer::Start(std::move(http)));
    http_port_ = http_->port();
    return absl::OkStatus();
  }

  absl::Status AddDashboard(HttpServer::Options* http) {
    DashboardPages::Options options;
    options.coordinator = coordinator_.get();
    options.clock = options_.clock;
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
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<SchedulerService> scheduler_service_;
  std::unique_ptr<CoordinationService> coordination_service_;
  std::unique_ptr<CutFileService> cut_files_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
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
std::string Scheduler::address() const { return impl_->address().ToString(); }
void Scheduler::Shutdown(absl::Duration deadline) { impl_->Shutdown(deadline); }
absl::Status Scheduler::Wait() { return impl_->Wait(); }

}  // namespace paceline::scheduler

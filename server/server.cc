#include "server/server.h"

#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/cut/held_cuts.h"
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
#include "common/rpc/cut_file_service.h"
#include "common/rpc/daemon_server.h"
#include "common/rpc/peer_files.h"
#include "common/status/status_macros.h"
#include "common/version/version.h"
#include "proto/node.pb.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/server_state.h"
#include "server/io/cut_file_calls.h"
#include "server/io/cut_store.h"
#include "server/io/data_plane.h"
#include "server/io/data_plane_stats.h"
#include "server/io/heartbeat_loop.h"
#include "server/io/metrics.h"
#include "server/io/order_executor.h"
#include "server/io/shard_view.h"
#include "server/io/shared_arenas.h"

namespace paceline::server {
namespace {

// Memory that gRPC may take for messages on their way, beyond updates that wait
// for their round in the slices they came in.
constexpr uint64_t kTransportBytes = uint64_t{1} << 30;

// A server whose threads take no event for so long is not alive.
constexpr absl::Duration kStalled = absl::Seconds(30);

// How often a server that drains looks whether its jobs are gone.
constexpr absl::Duration kDrainPoll = absl::Milliseconds(50);

int Threads(int wanted) {
  if (wanted > 0) return wanted;
  return std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

// The members in the order in which they need each other.
class Server::Impl {
 public:
  explicit Impl(Options options)
      : options_(std::move(options)),
        hostname_(options_.hostname.empty() ? Hostname() : options_.hostname),
        nonce_(options_.process_nonce == 0 ? RandomNonce() : options_.process_nonce),
        memory_(options_.memory_limit, "--memory-limit"),
        fold_(options_.fold_limit, "--fold-limit"),
        cuts_({.fs = options_.fs,
               .data_dir = options_.data_dir,
               .open_peer = MakePeerFiles(options_.security, options_.scheduler),
               .scheduler = options_.scheduler}),
        cut_files_([this](const auto& request) { return ReadCutFile(cuts_, request); }),
        cut_store_({.cuts = &cuts_,
                    .address = [this] { return address().ToString(); },
                    .changed = [this] { ReportNow(); }}),
        executor_({.clock = options_.clock,
                   .state = &state_,
                   .cuts = &cuts_,
                   .memory = &memory_,
                   .fold = &fold_,
                   .max_parked_pulls = options_.max_parked_pulls,
                   .changed = [this] { ReportNow(); }}),
        arenas_(options_.shared_memory ? std::make_unique<SharedArenas>() : nullptr),
        data_plane_({.clock = options_.clock,
                     .state = &state_,
                     .stats = &stats_,
                     .arenas = arenas_.get(),
                     .threads = Threads(options_.threads)}),
        shards_(&state_) {
    metrics::AddDaemonMetrics(
        {.role = "server",
         .clock = options_.clock,
         .certificate_expires_ms = [this] { return options_.security->expires_ms(); }},
        &metrics_);
    metrics_.AddCollector([this](metrics::Scrape* out) {
      AddServerMetrics(Figures(), out);
      AddDataPlaneMetrics(stats_, out);
      AddCutMetrics(executor_.stats(), out);
      if (rpc_ != nullptr) rpc_->AddMetrics(out);
    });
  }

  ~Impl() { Shutdown(absl::ZeroDuration()); }

  absl::Status Start() {
    if (options_.scheduler.empty()) {
      return absl::InvalidArgumentError("--scheduler: host:port of the scheduler expected");
    }
    if (options_.data_dir.empty()) {
      return absl::InvalidArgumentError("--data-dir: a folder expected, got nothing");
    }
    PL_RETURN_IF_ERROR(ParseHostPort(options_.scheduler).status());
    PL_RETURN_IF_ERROR(StartGrpc());
    PL_RETURN_IF_ERROR(StartHttp());
    HeartbeatLoop::Options heartbeat;
    heartbeat.channel =
        MakeChannel(options_.scheduler, options_.security->ChannelCredentials(Role::kScheduler));
    heartbeat.queue = data_plane_.queue();
    heartbeat.clock = options_.clock;
    heartbeat.report = [this] { return Report(); };
    heartbeat.heed = [this](const v1::HeartbeatResponse& response) {
      if (stopping_) return;
      cut_store_.Heed(response);
      executor_.Heed(response);
    };
    heartbeat.seed = nonce_;
    heartbeat.faults = options_.rpc_faults;
    MutexLock lock(&mu_);
    heartbeat_ = std::make_unique<HeartbeatLoop>(std::move(heartbeat));
    return absl::OkStatus();
  }

  void Drain(absl::Duration deadline) {
    SayThatItGoes();
    const absl::Duration until = options_.clock->Monotonic() + deadline;
    const size_t jobs = state_.Reports().size();
    if (jobs > 0) LogInfo("waits for its jobs to be moved", {{"jobs", jobs}});
    MutexLock lock(&mu_);
    while (!state_.Reports().empty() && heartbeat_ != nullptr &&
           heartbeat_->scheduler_status().ok()) {
      const absl::Duration now = options_.clock->Monotonic();
      if (now >= until) break;
      (void)options_.clock->WaitUntil(&mu_, &ended_cv_, std::min(until, now + kDrainPoll));
    }
  }

  void Shutdown(absl::Duration deadline) {
    {
      MutexLock lock(&mu_);
      if (std::exchange(shut_down_, true)) return;
    }
    SayThatItGoes();
    stopping_ = true;
    executor_.Stop();
    cut_store_.Stop();
    if (rpc_ != nullptr) {
      data_plane_.EndStreams();
      rpc_->Shutdown(deadline);
    }
    cut_files_.Shutdown();
    // Outside the lock: the loop's last report may take it.
    HeartbeatLoop* heartbeat;
    {
      MutexLock lock(&mu_);
      heartbeat = heartbeat_.get();
    }
    if (heartbeat != nullptr) heartbeat->Stop();
    // Everything above may still have events there.
    if (rpc_ != nullptr) data_plane_.Shutdown();
    if (http_ != nullptr) http_->Shutdown();
    MutexLock lock(&mu_);
    ended_ = true;
    ended_cv_.NotifyAll();
  }

  void Wait() {
    MutexLock lock(&mu_);
    while (!ended_) ended_cv_.Wait(&mu_);
  }

  // Alive: the threads of the data plane take events, and the heartbeat goes on.
  absl::Status Health() {
    if (stopping_) return absl::OkStatus();
    const absl::Duration stalled = data_plane_.served_queue()->Stalled(options_.clock->Monotonic());
    if (stalled > kStalled) {
      return absl::UnavailableError(
          absl::StrCat("no thread has taken an event for ", absl::FormatDuration(stalled)));
    }
    MutexLock lock(&mu_);
    return heartbeat_ == nullptr ? absl::OkStatus() : heartbeat_->health();
  }

  absl::Status Ready() {
    if (draining_) return absl::UnavailableError("draining");
    MutexLock lock(&mu_);
    return heartbeat_ == nullptr ? absl::UnavailableError("starting")
                                 : heartbeat_->contact().Check();
  }

  int port() const { return rpc_ == nullptr ? 0 : rpc_->port(); }
  int http_port() const { return http_port_; }
  HostPort address() const { return Advertised(options_.listen, options_.advertise, port()); }

 private:
  void SayThatItGoes() {
    draining_ = true;
    if (rpc_ != nullptr) rpc_->StopServing();
    ReportNow();
  }

  absl::Status StartGrpc() {
    if (IsWildcard(address().host)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--advertise: nobody can dial ", address().host));
    }
    DaemonServer::Options rpc;
    rpc.listen = options_.listen;
    rpc.max_connections = options_.max_connections;
    rpc.security = options_.security;
    // All that is served shares the data plane's queue: common/rpc/served_queue.h. That
    // rules gRPC's reflection and channelz out, which bring threads of their own.
    rpc.queue = data_plane_.served_queue();
    rpc.daemon.clock = options_.clock;
    rpc.daemon.role = "server";
    rpc.daemon.hostname = hostname_;
    rpc.daemon.address = [this] { return address().ToString(); };
    rpc.daemon.host = [this] { return Host(); };
    PL_ASSIGN_OR_RETURN(rpc_, DaemonServer::Bind(std::move(rpc)));
    grpc::ResourceQuota quota("server");
    quota.Resize(options_.fold_limit + kTransportBytes);
    rpc_->builder()->SetResourceQuota(quota);
    data_plane_.Register(rpc_->builder());
    cut_files_.Register(rpc_->builder());
    PL_RETURN_IF_ERROR(rpc_->Start());
    cut_files_.Start(data_plane_.served_queue());
    data_plane_.Start();
    return absl::OkStatus();
  }

  absl::Status StartHttp() {
    if (options_.http_listen.host.empty()) return absl::OkStatus();
    HttpServer::Options http;
    http.host = options_.http_listen.host;
    http.port = options_.http_listen.port;
    http.allowed_hosts = {address().host};
    http.healthz = [this] { return Health(); };
    http.readyz = [this] { return Ready(); };
    http.tls = HttpTls::For(options_.security->tls_dir(), options_.http_listen.host);
    http.most_connections = ConnectionLimits().http;
    http.role = "server";
    http.get["/metrics"] = HttpPage(kHttpPrometheus, [this] { return metrics_.Text(); });
    http.get["/status"] =
        HttpPage(kHttpJson, [this] { return ProtoToJson(Report(), JsonLayout::kIndented); });
    http.get["/debug/shards"] = HttpPage(kHttpJson, [this] { return DebugShardsJson(Look()); });
    http.get["/debug/tasks"] = HttpPage(kHttpJson, [] { return R"({"tasks":[]})"; });
    PL_ASSIGN_OR_RETURN(http_, HttpServer::Start(std::move(http)));
    http_port_ = http_->port();
    return absl::OkStatus();
  }

  // Everything the node holds.
  v1::HeartbeatRequest Report() {
    v1::HeartbeatRequest request;
    request.set_role(v1::NODE_ROLE_SERVER);
    request.set_address(address().ToString());
    if (http_port_ != 0) {
      request.set_http_address(HostPort{.host = address().host, .port = http_port_}.ToString());
    }
    request.set_hostname(hostname_);
    request.set_version(std::string(kVersion));
    request.set_process_nonce(nonce_);
    request.set_draining(draining_);
    request.set_memory_limit(memory_.limit());
    request.set_memory_used(memory_.used());
    *request.mutable_host() = Host();
    for (JobShards& job : Look()) *request.add_jobs() = std::move(job.report);
    for (v1::HeldCut& cut : cut_store_.Reports()) *request.add_held_cuts() = std::move(cut);
    return request;
  }

  std::vector<JobShards> Look() { return shards_.Look(options_.clock->Monotonic()); }

  v1::HostStatus Host() const {
    return ReadHostStatus(options_.data_dir, options_.security->expires_ms());
  }

  MetricsInput Figures() {
    MetricsInput input;
    input.shards = Look();
    for (const JobShards& held : input.shards) {
      input.jobs.push_back(held.report);
      if (const std::shared_ptr<ServerJob> job = state_.Find(held.report.job_id())) {
        input.key_list_hits[job->job_id()] = job->key_list_hits();
      }
    }
    input.memory = {.used = memory_.used(), .limit = memory_.limit()};
    input.fold = {.used = fold_.used(), .limit = fold_.limit()};
    input.replies = {.used = data_plane_.replies().held(), .limit = kMostReplyBytes};
    input.most_parked_pulls = options_.max_parked_pulls;
    input.queues["openings"] = {.used = executor_.openings().depth(),
                                .limit = executor_.openings().limit()};
    input.queues["cuts"] = {.used = executor_.cuts().depth(), .limit = executor_.cuts().limit()};
    if (arenas_ != nullptr) input.shared_memory_arenas = arenas_->arenas();
    MutexLock lock(&mu_);
    if (heartbeat_ != nullptr) input.heartbeat_age = heartbeat_->contact().age();
    return input;
  }

  void ReportNow() {
    MutexLock lock(&mu_);
    if (heartbeat_ != nullptr) heartbeat_->ReportNow();
  }

  const Options options_;
  const std::string hostname_;
  const uint64_t nonce_;
  std::atomic<bool> draining_{false};
  // Heeds nobody any more.
  std::atomic<bool> stopping_{false};

  MemoryBudget memory_;
  MemoryBudget fold_;
  DataPlaneStats stats_;
  ServerState state_;
  HeldCuts cuts_;
  CutFileCalls cut_files_;
  CutStore cut_store_;
  OrderExecutor executor_;
  // Null: none are taken.
  const std::unique_ptr<SharedArenas> arenas_;
  DataPlane data_plane_;
  ShardWatch shards_;
  metrics::Registry metrics_;
  std::unique_ptr<DaemonServer> rpc_;
  std::unique_ptr<HttpServer> http_;
  // Read by pages that are asked for while http_ starts.
  std::atomic<int> http_port_{0};

  Mutex mu_;
  CondVar ended_cv_;
  std::unique_ptr<HeartbeatLoop> heartbeat_ ABSL_GUARDED_BY(mu_);
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  PL_RETURN_IF_ERROR(impl->Start());
  LogInfo("server started", {{"address", impl->address().ToString()}});
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

int Server::port() const { return impl_->port(); }
int Server::http_port() const { return impl_->http_port(); }
absl::Status Server::Health() const { return impl_->Health(); }
absl::Status Server::Ready() const { return impl_->Ready(); }
std::string Server::address() const { return impl_->address().ToString(); }
void Server::Drain(absl::Duration deadline) { impl_->Drain(deadline); }
void Server::Shutdown(absl::Duration deadline) { impl_->Shutdown(deadline); }
void Server::Wait() { impl_->Wait(); }

}  // namespace paceline::server

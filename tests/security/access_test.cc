// Everybody calls every method of every daemon: what comes back is what the table in
// docs/security.md says. Whoever has no certificate that counts gets no connection.
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/blocking_counter.h"
#include "common/clock.h"
#include "common/fs.h"
#include "common/fs_posix.h"
#include "common/rpc/channel.h"
#include "common/rpc/security.h"
#include "common/security/certificates.h"
#include "common/security/tls_dir.h"
#include "common/status/status_matchers.h"
#include "scheduler/scheduler.h"
#include "server/server.h"
#include "worker/worker.h"

namespace paceline {
namespace {

constexpr Role kRoles[] = {Role::kAdmin,     Role::kUser,   Role::kViewer,
                           Role::kScheduler, Role::kServer, Role::kWorker};

// Who may call a method, by the lines "| `/service/method` | yes | | ... |", one cell for
// each of kRoles.
std::map<std::string, std::set<Role>> DocumentedRules() {
  std::ifstream file("docs/security.md");
  std::map<std::string, std::set<Role>> rules;
  for (std::string line; std::getline(file, line);) {
    if (!absl::StartsWith(line, "| `/")) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    const std::vector<std::string> method = absl::StrSplit(cells.at(1), '`');
    std::set<Role>& roles = rules[method.at(1)];
    for (size_t i = 0; i < std::size(kRoles); ++i) {
      if (absl::StrContains(cells.at(i + 2), "yes")) roles.insert(kRoles[i]);
    }
  }
  return rules;
}

struct Daemon {
  Role role;
  std::string address;
};

// One daemon of each role, with certificates, and an authority for callers.
class Cluster {
 public:
  Cluster() {
    std::string pattern = std::filesystem::temp_directory_path() / "access-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    ca_ = NewCa();
    StartScheduler();
    StartServer();
    StartWorker();
  }
  ~Cluster() {
    Stop();
    std::filesystem::remove_all(folder_);
  }

  void Stop() {
    worker_.reset();
    server_.reset();
    scheduler_.reset();
  }

  // Whole once the cluster has stopped.
  std::string AuditLog() {
    REQUIRE_OK_AND_ASSIGN(const std::string text, ReadFile(fs_, folder_ + "/scheduler/audit.log"));
    return text;
  }

  const std::vector<Daemon>& daemons() const { return daemons_; }
  const KeyAndCertificate& ca() const { return ca_; }

  // Some days old, so that its certificates can have ended.
  KeyAndCertificate NewCa() {
    REQUIRE_OK_AND_ASSIGN(const KeyAndCertificate made, MakeCa(clock_.Now() - absl::Hours(96)));
    return made;
  }

  // What a process has whose certificate was issued by `issuer` at `now` for a day, and
  // who trusts the cluster.
  std::shared_ptr<RpcSecurity> Caller(Role role, const KeyAndCertificate& issuer, absl::Time now) {
    const std::string dir = absl::StrCat(folder_, "/tls", ++folders_);
    REQUIRE_OK_AND_ASSIGN(
        const KeyAndCertificate issued,
        IssueCertificate(issuer,
                         {.identity = {role, "x"}, .hosts = {"127.0.0.1"}, .now = now, .days = 1}));
    REQUIRE_OK(WriteTlsDir(
        dir, {absl::StrCat(issuer.certificate, ca_.certificate), issued.certificate, issued.key}));
    REQUIRE_OK_AND_ASSIGN(auto security, RpcSecurity::Load(dir, now));
    return security;
  }
  std::shared_ptr<RpcSecurity> Caller(Role role) { return Caller(role, ca_, clock_.Now()); }

  absl::Time now() { return clock_.Now(); }

 private:
  void StartScheduler() {
    scheduler::Scheduler::Options options;
    options.clock = &clock_;
    options.fs = &fs_;
    options.data_dir = folder_ + "/scheduler";
    options.security = Caller(Role::kScheduler);
    REQUIRE_OK_AND_ASSIGN(scheduler_, scheduler::Scheduler::Start(std::move(options)));
    daemons_.push_back({Role::kScheduler, scheduler_->address()});
  }
  void StartServer() {
    server::Server::Options options;
    options.clock = &clock_;
    options.fs = &fs_;
    options.data_dir = folder_ + "/server";
    options.scheduler = scheduler_->address();
    options.security = Caller(Role::kServer);
    REQUIRE_OK_AND_ASSIGN(server_, server::Server::Start(std::move(options)));
    daemons_.push_back({Role::kServer, server_->address()});
  }
  void StartWorker() {
    worker::Worker::Options options;
    options.clock = &clock_;
    options.fs = &fs_;
    options.data_dir = folder_ + "/worker";
    options.scheduler = scheduler_->address();
    options.security = Caller(Role::kWorker);
    REQUIRE_OK_AND_ASSIGN(worker_, worker::Worker::Start(std::move(options)));
    daemons_.push_back({Role::kWorker, absl::StrCat("127.0.0.1:", worker_->port())});
  }

  RealClock clock_;
  PosixFileSystem fs_;
  std::string folder_;
  int folders_ = 0;
  KeyAndCertificate ca_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<worker::Worker> worker_;
  std::vector<Daemon> daemons_;
};

// An empty request to each method at once; how they ended, by method.
std::map<std::string, grpc::Status> CallAll(const std::shared_ptr<grpc::Channel>& channel,
                                            const std::map<std::string, std::set<Role>>& methods) {
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
  };
  grpc::GenericStub stub(channel);
  const grpc::Slice empty;
  const grpc::ByteBuffer request(&empty, 1);
  std::map<std::string, grpc::Status> ends;
  std::deque<Call> calls;
  absl::BlockingCounter open(static_cast<int>(methods.size()));
  for (const auto& [method, roles] : methods) {
    Call& call = calls.emplace_back();
    // Those that wait for something to happen are let in too.
    call.context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::Status& end = ends[method];
    stub.UnaryCall(&call.context, method, {}, &request, &call.response,
                   [&end, &open](grpc::Status status) {
                     end = std::move(status);
                     open.DecrementCount();
                   });
  }
  open.Wait();
  return ends;
}

TEST_CASE("each role may call what the table says, at every daemon") {
  const auto rules = DocumentedRules();
  REQUIRE(rules.size() > 30);
  Cluster cluster;
  struct Asked {
    Role role;
    const Daemon& daemon;
    std::future<std::map<std::string, grpc::Status>> ends;
  };
  // All at once: some calls wait for their deadline.
  std::deque<Asked> asked;
  for (const Role role : kRoles) {
    const auto caller = cluster.Caller(role);
    for (const Daemon& daemon : cluster.daemons()) {
      const auto channel = MakeChannel(daemon.address, caller->ChannelCredentials(daemon.role));
      REQUIRE(
          channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(60)));
      asked.push_back(
          {role, daemon, std::async(std::launch::async, CallAll, channel, std::cref(rules))});
    }
  }
  for (auto& [role, daemon, calls] : asked) {
    const auto ends = calls.get();
    for (const auto& [method, roles] : rules) {
      const grpc::Status& end = ends.at(method);
      INFO(RoleName(role) << " calls " << method << " of the " << RoleName(daemon.role) << ": "
                          << end.error_code() << " " << end.error_message());
      CHECK(end.error_code() != grpc::StatusCode::UNAVAILABLE);
      CHECK(end.error_code() != grpc::StatusCode::UNAUTHENTICATED);
      // By the table, as opposed to a service that knows whose job it is.
      const bool denied = end.error_code() == grpc::StatusCode::PERMISSION_DENIED &&
                          absl::StrContains(end.error_message(), "may not call it");
      CHECK(denied == (roles.count(role) == 0));
    }
  }
}

TEST_CASE("what the scheduler denies is in its audit log") {
  const std::string backup = "/paceline.v1.Scheduler/BackupState";
  Cluster cluster;
  const Daemon scheduler = cluster.daemons().front();
  const auto viewer = cluster.Caller(Role::kViewer)->ChannelCredentials(scheduler.role);
  const auto ends = CallAll(MakeChannel(scheduler.address, viewer),
                            {{backup, {}}, {"/paceline.v1.Scheduler/ListJobs", {}}});
  CHECK(ends.at(backup).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  cluster.Stop();
  const std::string log = cluster.AuditLog();
  INFO(log);
  CHECK(std::count(log.begin(), log.end(), '\n') == 1);
  CHECK(absl::StrContains(log,
                          "\"role\":\"viewer\",\"name\":\"x\",\"peer\":\"\","
                          "\"method\":\"BackupState\",\"target\":\"\","
                          "\"code\":\"PERMISSION_DENIED\""));
}

TEST_CASE("who has no certificate that counts calls nothing, at any daemon") {
  namespace tls = grpc::experimental;
  const auto rules = DocumentedRules();
  Cluster cluster;
  // Trusts the cluster, and shows nothing.
  tls::TlsChannelCredentialsOptions nameless;
  nameless.set_certificate_provider(
      std::make_shared<tls::StaticDataCertificateProvider>(cluster.ca().certificate));
  nameless.watch_root_certs();
  // Once: the credentials take what the options hold.
  const auto nobody = tls::TlsCredentials(nameless);
  const KeyAndCertificate other = cluster.NewCa();
  const auto stranger = cluster.Caller(Role::kAdmin, other, cluster.now());
  const auto late = cluster.Caller(Role::kAdmin, cluster.ca(), cluster.now() - absl::Hours(48));
  for (const Daemon& daemon : cluster.daemons()) {
    const std::map<std::string, std::shared_ptr<grpc::ChannelCredentials>> callers = {
        {"in the clear", grpc::InsecureChannelCredentials()},
        {"without a certificate", nobody},
        {"of another authority", stranger->ChannelCredentials(daemon.role)},
        {"after its end", late->ChannelCredentials(daemon.role)}};
    for (const auto& [who, credentials] : callers) {
      for (const auto& [method, end] : CallAll(MakeChannel(daemon.address, credentials), rules)) {
        INFO(who << " calls " << method << " of the " << RoleName(daemon.role) << ": "
                 << end.error_code() << " " << end.error_message());
        CHECK(end.error_code() == grpc::StatusCode::UNAVAILABLE);
      }
    }
  }
}

}  // namespace
}  // namespace paceline

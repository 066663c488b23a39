// Who gets in while somebody floods a daemon with connections.
#include "common/rpc/daemon_hosts.h"

#include <arpa/inet.h>
#include <grpcpp/client_context.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/daemon/host_status.h"
#include "common/rpc/channel.h"
#include "common/rpc/daemon_server.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/security.h"
#include "common/security/certificates.h"
#include "common/security/identity.h"
#include "common/security/tls_dir.h"
#include "common/status/status_matchers.h"
#include "proto/daemon.grpc.pb.h"
#include "proto/node.grpc.pb.h"

namespace paceline {
namespace {

// As the scheduler has it: by callbacks, which gRPC calls on threads of its own.
class Coordination final : public v1::Coordination::CallbackService {
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest*,
                                      v1::HeartbeatResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

// Of which half are kept.
constexpr uint64_t kMostConnections = 16;

// A worker that this machine's clients reach as 127.0.0.1 and, flooding, from 127.0.0.2.
class Fixture {
 public:
  Fixture() {
    REQUIRE_OK_AND_ASSIGN(ca_, MakeCa(clock_.Now()));
    DaemonServer::Options options;
    options.listen = {"127.0.0.1", 0};
    options.max_connections = kMostConnections;
    options.security = Certified(Role::kWorker);
    options.daemon.clock = &clock_;
    options.daemon.role = "worker";
    options.daemon.host = [] { return ReadHostStatus("/"); };
    auto bound = DaemonServer::Bind(std::move(options));
    REQUIRE_OK(bound);
    server_ = *std::move(bound);
    server_->builder()->RegisterService(&coordination_);
    REQUIRE_OK(server_->Start());
  }
  ~Fixture() {
    for (const int fd : flood_) close(fd);
  }

  std::shared_ptr<RpcSecurity> Certified(Role role) {
    const char* const root = std::getenv("TEST_TMPDIR");
    const std::string dir =
        absl::StrCat(root != nullptr ? root : "/tmp", "/daemon_hosts_", RoleName(role));
    REQUIRE_OK_AND_ASSIGN(
        const KeyAndCertificate issued,
        IssueCertificate(ca_,
                         {.identity = {role, "x"}, .hosts = {"127.0.0.1"}, .now = clock_.Now()}));
    REQUIRE_OK(WriteTlsDir(dir, {ca_.certificate, issued.certificate, issued.key}));
    REQUIRE_OK_AND_ASSIGN(auto security, RpcSecurity::Load(dir, clock_.Now()));
    return security;
  }

  // Each over a connection of its own.
  absl::Status Exchange(const RpcSecurity& caller) {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    v1::ExchangeResponse response;
    return FromGrpcStatus(
        v1::Daemon::NewStub(Connect(caller))->Exchange(&context, v1::ExchangeRequest(), &response));
  }
  absl::Status Heartbeat(const RpcSecurity& caller) {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    v1::HeartbeatResponse response;
    return FromGrpcStatus(v1::Coordination::NewStub(Connect(caller))
                              ->Heartbeat(&context, v1::HeartbeatRequest(), &response));
  }
  absl::Status Inspect(const RpcSecurity& caller) {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    v1::InspectResponse response;
    return FromGrpcStatus(
        v1::Daemon::NewStub(Connect(caller))->Inspect(&context, v1::InspectRequest(), &response));
  }

  // Takes what is for everybody. Returns when the last one was refused.
  void Flood() {
    for (uint64_t i = 0; i < kMostConnections; ++i) {
      flood_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      REQUIRE(inet_pton(AF_INET, "127.0.0.2", &address.sin_addr) == 1);
      auto* const raw = reinterpret_cast<sockaddr*>(&address);
      REQUIRE(bind(flood_.back(), raw, sizeof(address)) == 0);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      address.sin_port = htons(static_cast<uint16_t>(server_->port()));
      REQUIRE(connect(flood_.back(), raw, sizeof(address)) == 0);
    }
    char byte = 0;
    REQUIRE(recv(flood_.back(), &byte, 1, 0) <= 0);
    CHECK(server_->connections().refused >= kMostConnections / 2);
  }

 private:
  static std::chrono::system_clock::time_point Soon() {
    return std::chrono::system_clock::now() + std::chrono::seconds(30);
  }

  std::shared_ptr<grpc::Channel> Connect(const RpcSecurity& caller) {
    ChannelOptions options;
    options.connection_number = ++connections_;
    channels_.push_back(MakeChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                    caller.ChannelCredentials(Role::kWorker), options));
    return channels_.back();
  }

  RealClock clock_;
  Coordination coordination_;
  KeyAndCertificate ca_;
  std::unique_ptr<DaemonServer> server_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<int> flood_;
  int connections_ = 0;
};

TEST_CASE("a flood does not keep out hosts from which daemons have called") {
  Fixture fixture;
  const auto daemon = fixture.Certified(Role::kServer);
  SECTION("by a service with a queue") { REQUIRE_OK(fixture.Exchange(*daemon)); }
  SECTION("by a service with callbacks") { REQUIRE_OK(fixture.Heartbeat(*daemon)); }
  fixture.Flood();
  for (int i = 0; i < 4; ++i) CHECK_OK(fixture.Exchange(*daemon));
}

TEST_CASE("people's calls, and those that are denied, keep nothing for their hosts") {
  Fixture fixture;
  const auto admin = fixture.Certified(Role::kAdmin);
  const auto daemon = fixture.Certified(Role::kServer);
  REQUIRE_OK(fixture.Exchange(*admin));
  REQUIRE(absl::IsPermissionDenied(fixture.Heartbeat(*admin)));
  REQUIRE(absl::IsPermissionDenied(fixture.Inspect(*daemon)));
  fixture.Flood();
  CHECK(absl::IsUnavailable(fixture.Exchange(*admin)));
  CHECK(absl::IsUnavailable(fixture.Exchange(*daemon)));
}

TEST_CASE("the host of a peer is its address") {
  CHECK(HostOfPeer("ipv4:10.0.0.2:4711") == "10.0.0.2");
  CHECK(HostOfPeer("ipv6:%5Bfd00::2%5D:4711") == "fd00::2");
  CHECK(HostOfPeer("ipv6:%5Bfe80::1%25eth0%5D:4711") == "fe80::1");
  CHECK(HostOfPeer("unix:/run/socket").empty());
  CHECK(HostOfPeer("").empty());
}

}  // namespace
}  // namespace paceline

#include "common/rpc/grpc_listener.h"

#include <arpa/inet.h>
#include <grpcpp/client_context.h>
#include <grpcpp/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"
#include "common/rpc/grpc_status.h"
#include "common/rpc/health_service.h"
#include "common/rpc/served_queue.h"
#include "common/status/status_matchers.h"
#include "proto/health.grpc.pb.h"

namespace paceline {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

std::chrono::system_clock::time_point Soon() {
  return std::chrono::system_clock::now() + std::chrono::seconds(30);
}

struct Served {
  explicit Served(const GrpcListener::Options& options) {
    auto bound = GrpcListener::Bind(options);
    REQUIRE_OK(bound);
    listener = *std::move(bound);
    grpc::ServerBuilder builder;
    ApplyServerDefaults(&builder);
    listener->Register(&builder, grpc::InsecureServerCredentials());
    health.Register(&builder);
    queue.Register(&builder);
    server = builder.BuildAndStart();
    REQUIRE(server != nullptr);
    health.Start(&queue);
    queue.Start(1);
    listener->Start();
  }
  ~Served() {
    listener->Stop();
    health.Shutdown();
    server->Shutdown(Soon());
    queue.Shutdown();
  }

  // Over a connection of its own.
  absl::Status Check(const std::string& host, int connection_number) {
    ChannelOptions options;
    options.connection_number = connection_number;
    const auto channel = MakeChannel(absl::StrCat(host, ":", listener->port()),
                                     grpc::InsecureChannelCredentials(), options);
    grpc::ClientContext context;
    context.set_deadline(Soon());
    HealthCheckResponse response;
    return FromGrpcStatus(
        Health::NewStub(channel)->Check(&context, HealthCheckRequest(), &response));
  }

  HealthService health{"server"};
  ServedQueue queue;
  std::unique_ptr<GrpcListener> listener;
  std::unique_ptr<grpc::Server> server;
};

int Connected(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

TEST_CASE("calls come through, by address and by name") {
  Served served({.listen = {"localhost", 0}});
  CHECK(served.listener->port() > 0);
  CHECK_OK(served.Check("127.0.0.1", 1));
  CHECK_OK(served.Check("localhost", 2));
  const AcceptLoop::Stats stats = served.listener->stats();
  CHECK(stats.accepted >= 2);
  CHECK(stats.refused == 0);
  CHECK(stats.limit > 0);
}

TEST_CASE("connections that were closed make room for others") {
  Served served({.listen = {"127.0.0.1", 0}, .max_connections = 3});
  std::vector<int> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(Connected(served.listener->port()));
  CHECK(absl::IsUnavailable(served.Check("127.0.0.1", 1)));
  CHECK(served.listener->stats().refused >= 1);
  for (const int fd : silent) close(fd);
  // gRPC sees that they have gone in its own time.
  absl::Status status = absl::UnavailableError("");
  for (int i = 2; absl::IsUnavailable(status); ++i) status = served.Check("127.0.0.1", i);
  CHECK_OK(status);
}

TEST_CASE("an eighth is kept for hosts that are known, where there are any to know") {
  CHECK(KeptConnections(0) == 0);
  CHECK(KeptConnections(1) == 0);
  CHECK(KeptConnections(2) == 1);
  CHECK(KeptConnections(16) == 8);
  CHECK(KeptConnections(64) == 8);
  CHECK(KeptConnections(768) == 96);
  for (const bool kept : {false, true}) {
    GrpcListener::Options options = {.listen = {"127.0.0.1", 0}, .max_connections = 2};
    if (kept) options.is_known = [](const std::string&) { return false; };
    Served served(options);
    const int silent = Connected(served.listener->port());
    CHECK(served.Check("127.0.0.1", 1).ok() == !kept);
    close(silent);
  }
}

TEST_CASE("connections are set up as gRPC would have done it") {
  const TcpOptions tcp = {.congestion = "reno"};
  auto bound = GrpcListener::Bind({.listen = {"127.0.0.1", 0}, .tcp = tcp});
  REQUIRE_OK(bound);
  // Nobody accepts yet; the listening socket's options are the connection's.
  int checked = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in own = {};
    socklen_t size = sizeof(own);
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) continue;
    if (own.sin_family != AF_INET || ntohs(own.sin_port) != (*bound)->port()) continue;
    const auto value = [&](int level, int option) {
      int got = 0;
      socklen_t got_size = sizeof(got);
      REQUIRE(getsockopt(fd, level, option, &got, &got_size) == 0);
      return got;
    };
    CHECK(value(IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(value(SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(value(IPPROTO_TCP, TCP_USER_TIMEOUT) == 20'000);
    CHECK(value(SOL_SOCKET, SO_REUSEPORT) == 0);
    char name[16] = {};
    size = sizeof(name) - 1;
    REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0);
    CHECK(std::string(name) == "reno");
    ++checked;
  }
  CHECK(checked == 1);
}

TEST_CASE("a taken port is named") {
  const auto first = GrpcListener::Bind({.listen = {"127.0.0.1", 0}});
  REQUIRE_OK(first);
  const HostPort taken = {"127.0.0.1", (*first)->port()};
  CHECK_STATUS(GrpcListener::Bind({.listen = taken}).status(), absl::StatusCode::kUnavailable,
               "--listen: cannot listen on " + taken.ToString() + ": Address already in use");
}

TEST_CASE("a listener that has stopped takes nobody, and what it has goes on") {
  Served served({.listen = {"127.0.0.1", 0}});
  const auto channel = MakeChannel(absl::StrCat("127.0.0.1:", served.listener->port()),
                                   grpc::InsecureChannelCredentials());
  const auto stub = Health::NewStub(channel);
  const auto check = [&] {
    grpc::ClientContext context;
    context.set_deadline(Soon());
    HealthCheckResponse response;
    return FromGrpcStatus(stub->Check(&context, HealthCheckRequest(), &response));
  };
  CHECK_OK(check());
  served.listener->Stop();
  CHECK_OK(check());
  CHECK(absl::IsUnavailable(served.Check("127.0.0.1", 7)));
}

}  // namespace
}  // namespace paceline

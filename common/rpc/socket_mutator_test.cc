#include "common/rpc/socket_mutator.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/channel.h"

namespace paceline {
namespace {

constexpr int kMostDescriptors = 1024;

// The congestion control of this process's connected sockets: of those that have
// `port` as their own (the server's) or as their peer's (the client's).
std::set<std::string> CongestionOf(int port, bool server) {
  std::set<std::string> names;
  for (int fd = 0; fd < kMostDescriptors; ++fd) {
    sockaddr_storage own = {};
    sockaddr_storage peer = {};
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0) continue;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) continue;
    const auto port_of = [](const sockaddr_storage& address) {
      // At the same place in both families.
      return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    };
    if (port_of(server ? own : peer) != port) continue;
    char name[16] = {};
    socklen_t size = sizeof name - 1;
    if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0) names.insert(name);
  }
  return names;
}

TEST_CASE("connections send under the congestion control that was asked for, at both ends") {
  // Everybody may choose it.
  const std::string name = "reno";
  const TcpOptions tcp = {.congestion = name};
  grpc::CallbackGenericService unimplemented;
  int port = 0;
  grpc::ServerBuilder builder;
  ApplyServerDefaults(&builder, tcp);
  builder.RegisterCallbackGenericService(&unimplemented);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  REQUIRE(server != nullptr);
  ChannelOptions options;
  options.tcp = tcp;
  const auto channel =
      MakeChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), options);
  REQUIRE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
  CHECK(CongestionOf(port, /*server=*/false) == std::set<std::string>{name});
  CHECK(CongestionOf(port, /*server=*/true) == std::set<std::string>{name});
  server->Shutdown();
}

}  // namespace
}  // namespace paceline

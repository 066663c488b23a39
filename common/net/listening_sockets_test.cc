#include "common/net/listening_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

// Whether somebody listens there.
bool CanConnect(const std::string& host, int port) {
  sockaddr_in v4 = {};
  sockaddr_in6 v6 = {};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(static_cast<uint16_t>(port));
  const bool is_v4 = inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
  if (!is_v4) REQUIRE(inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1);
  const int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int failed = is_v4 ? connect(fd, reinterpret_cast<sockaddr*>(&v4), sizeof(v4))
                           : connect(fd, reinterpret_cast<sockaddr*>(&v6), sizeof(v6));
  close(fd);
  return failed == 0;
}

bool HasIpv6() {
  const absl::StatusOr<ListeningSockets> sockets = ListeningSockets::Open({"::1", 0});
  return sockets.ok();
}

TEST_CASE("an address and a name, on a port that the system chooses") {
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    INFO(host);
    REQUIRE_OK_AND_ASSIGN(ListeningSockets sockets, ListeningSockets::Open({host, 0}));
    CHECK(sockets.port() > 0);
    CHECK(CanConnect("127.0.0.1", sockets.port()));
    sockets.Close();
    CHECK_FALSE(CanConnect("127.0.0.1", sockets.port()));
  }
}

TEST_CASE("a wildcard is every interface, in both protocols where there are both") {
  for (const std::string host : {"0.0.0.0", "::"}) {
    INFO(host);
    const absl::StatusOr<ListeningSockets> sockets = ListeningSockets::Open({host, 0});
    if (!sockets.ok() && !HasIpv6()) continue;
    REQUIRE_OK(sockets);
    CHECK(sockets->fds().size() == 1);
    CHECK(CanConnect("127.0.0.1", sockets->port()));
    CHECK(CanConnect("127.0.0.2", sockets->port()));
    if (HasIpv6()) CHECK(CanConnect("::1", sockets->port()));
  }
}

TEST_CASE("an IPv6 address is that alone") {
  if (!HasIpv6()) return;
  REQUIRE_OK_AND_ASSIGN(const ListeningSockets sockets, ListeningSockets::Open({"::1", 0}));
  CHECK(CanConnect("::1", sockets.port()));
  CHECK_FALSE(CanConnect("127.0.0.1", sockets.port()));
}

TEST_CASE("what cannot be listened on says where and why") {
  REQUIRE_OK_AND_ASSIGN(const ListeningSockets first, ListeningSockets::Open({"127.0.0.1", 0}));
  const std::string taken = "127.0.0.1:" + std::to_string(first.port());
  CHECK_STATUS(ListeningSockets::Open({"127.0.0.1", first.port()}).status(),
               absl::StatusCode::kUnavailable, "cannot listen on " + taken + ": Address already");
  // Not even on one of its addresses.
  CHECK_STATUS(ListeningSockets::Open({"localhost", first.port()}).status(),
               absl::StatusCode::kUnavailable, "Address already in use");
  // Of documentation: no machine has it.
  CHECK_STATUS(ListeningSockets::Open({"192.0.2.1", 0}).status(), absl::StatusCode::kUnavailable,
               "cannot listen on 192.0.2.1:0: ");
  CHECK_STATUS(ListeningSockets::Open({"no such name", 0}).status(), absl::StatusCode::kUnavailable,
               "cannot listen on no such name:0: ");
}

TEST_CASE("options of the listening socket are those of its connections") {
  const auto configure = [](int fd) {
    const int yes = 1;
    REQUIRE(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes)) == 0);
  };
  REQUIRE_OK_AND_ASSIGN(const ListeningSockets sockets,
                        ListeningSockets::Open({"127.0.0.1", 0}, configure));
  REQUIRE(CanConnect("127.0.0.1", sockets.port()));
  const int fd = accept(sockets.fds()[0], nullptr, nullptr);
  REQUIRE(fd >= 0);
  int keepalive = 0;
  socklen_t size = sizeof(keepalive);
  REQUIRE(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &size) == 0);
  CHECK(keepalive == 1);
  close(fd);
}

}  // namespace
}  // namespace paceline

#include "common/net/known_hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <string>

namespace paceline {
namespace {

TEST_CASE("hosts are known once added, as many as there is room for") {
  KnownHosts hosts(/*most=*/2);
  CHECK_FALSE(hosts.Has("10.0.0.1"));
  hosts.Add("10.0.0.1");
  hosts.Add("10.0.0.2");
  // Not anew.
  hosts.Add("10.0.0.1");
  CHECK(hosts.Has("10.0.0.1"));
  CHECK(hosts.Has("10.0.0.2"));
  CHECK_FALSE(hosts.Has("10.0.0.3"));
  hosts.Add("10.0.0.3");
  CHECK_FALSE(hosts.Has("10.0.0.1"));
  CHECK(hosts.Has("10.0.0.2"));
  CHECK(hosts.Has("10.0.0.3"));
  hosts.Add("10.0.0.1");
  CHECK(hosts.Has("10.0.0.1"));
  CHECK_FALSE(hosts.Has("10.0.0.2"));
}

TEST_CASE("none is known where there is room for none") {
  KnownHosts hosts(/*most=*/0);
  hosts.Add("10.0.0.1");
  CHECK_FALSE(hosts.Has("10.0.0.1"));
}

std::string HostOfText(int family, const char* text) {
  sockaddr_storage peer = {};
  peer.ss_family = static_cast<sa_family_t>(family);
  void* const address = family == AF_INET
                            ? static_cast<void*>(&reinterpret_cast<sockaddr_in&>(peer).sin_addr)
                            : static_cast<void*>(&reinterpret_cast<sockaddr_in6&>(peer).sin6_addr);
  REQUIRE(inet_pton(family, text, address) == 1);
  return HostOf(peer);
}

TEST_CASE("an address is one text, whichever way it came") {
  CHECK(HostOfText(AF_INET, "10.0.0.2") == "10.0.0.2");
  CHECK(HostOfText(AF_INET6, "::ffff:10.0.0.2") == "10.0.0.2");
  CHECK(HostOfText(AF_INET6, "fd00:0:0::2") == "fd00::2");
  CHECK(HostOfText(AF_INET6, "::1") == "::1");
  sockaddr_storage local = {};
  local.ss_family = AF_UNIX;
  CHECK(HostOf(local).empty());
}

}  // namespace
}  // namespace paceline

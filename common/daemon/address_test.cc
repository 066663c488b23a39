#include "common/daemon/address.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("addresses are parsed and printed alike") {
  for (const std::string text :
       {"localhost:7070", "10.0.0.1:0", "[::1]:65535", "node-7.example:1"}) {
    REQUIRE_OK_AND_ASSIGN(const HostPort address, ParseHostPort(text));
    CHECK(address.ToString() == text);
  }
  REQUIRE_OK_AND_ASSIGN(const HostPort v6, ParseHostPort("[fe80::1]:7"));
  CHECK(v6 == HostPort{"fe80::1", 7});
}

TEST_CASE("what is no address says why") {
  const auto bad = absl::StatusCode::kInvalidArgument;
  CHECK_STATUS(ParseHostPort("localhost"), bad, "no port");
  CHECK_STATUS(ParseHostPort(":7070"), bad, "no host");
  CHECK_STATUS(ParseHostPort("a:"), bad, "0 to 65535");
  CHECK_STATUS(ParseHostPort("a:65536"), bad, "0 to 65535");
  CHECK_STATUS(ParseHostPort("a:-1"), bad, "0 to 65535");
  CHECK_STATUS(ParseHostPort("a:http"), bad, "0 to 65535");
  CHECK_STATUS(ParseHostPort("::1:7070"), bad, "brackets");
  CHECK_STATUS(ParseHostPort("[nonsense]:7070"), bad, "IPv6");
  CHECK_STATUS(ParseHostPort("http://a:80"), bad, "\"http://a:80\"");
}

TEST_CASE("loopback and wildcard in every spelling") {
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1"}) {
    CHECK(IsLoopback(host));
    CHECK_FALSE(IsWildcard(host));
  }
  for (const char* host : {"0.0.0.0", "::", "0:0:0:0:0:0:0:0"}) {
    CHECK(IsWildcard(host));
    CHECK_FALSE(IsLoopback(host));
  }
  for (const char* host : {"10.0.0.1", "example", "128.0.0.1", "127.evil.example", "fe80::1"}) {
    CHECK_FALSE(IsLoopback(host));
    CHECK_FALSE(IsWildcard(host));
  }
}

TEST_CASE("what is advertised is what was said, and else what is listened on") {
  const HostPort listen = {"127.0.0.1", 0};
  CHECK(Advertised(listen, {}, 7071) == HostPort{"127.0.0.1", 7071});
  CHECK(Advertised(listen, {"node-7", 0}, 7071) == HostPort{"node-7", 7071});
  CHECK(Advertised(listen, {"node-7", 80}, 7071) == HostPort{"node-7", 80});
  CHECK(Advertised(listen, {"", 80}, 7071) == HostPort{"127.0.0.1", 80});
}

}  // namespace
}  // namespace paceline

#include "common/daemon/descriptors.h"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace paceline {
namespace {

TEST_CASE("the limit is raised to what the system allows") {
  rlimit before = {};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit lower = before;
  lower.rlim_cur = 64;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &lower) == 0);
  CHECK(RaiseDescriptorLimit() == before.rlim_max);
  rlimit after = {};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == before.rlim_max);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE("what is open is counted, and listeners leave some") {
  const uint64_t before = OpenDescriptors();
  REQUIRE(before > 0);
  const int fd = dup(STDERR_FILENO);
  REQUIRE(fd >= 0);
  CHECK(OpenDescriptors() == before + 1);
  close(fd);
  CHECK(OpenDescriptors() == before);
  CHECK(DescriptorLimit() > before);
  for (const uint64_t limit : {0u, 64u, 256u, 1024u, 1u << 20}) {
    INFO(limit);
    const ConnectionShares shares = ConnectionLimits(limit);
    CHECK(shares.grpc >= 8);
    CHECK(shares.http >= 8);
    CHECK(shares.http <= 64);
    if (limit >= 64) CHECK(shares.grpc + shares.http < limit);
  }
  CHECK(ConnectionLimits(256).grpc == 192);
  CHECK(ConnectionLimits(256).http == 16);
}

}  // namespace
}  // namespace paceline

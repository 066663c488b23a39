#include "common/daemon/descriptors.h"

#include <sys/resource.h>

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

}  // namespace
}  // namespace paceline

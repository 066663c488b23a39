#include "common/daemon/host_status.h"

#include <catch2/catch.hpp>

namespace paceline {
namespace {

TEST_CASE("the machine and this process") {
  const v1::HostStatus host = ReadHostStatus("/proc/self");
  CHECK(host.processors() >= 1);
  CHECK(host.memory_bytes() > host.memory_available_bytes());
  CHECK(host.memory_available_bytes() > 0);
  CHECK(host.resident_bytes() > 0);
  CHECK(host.resident_bytes() < host.memory_bytes());
  CHECK(host.load() >= 0);
  CHECK(host.certificate_expires_ms() == 0);
}

TEST_CASE("the disk is that of the folder") {
  const v1::HostStatus root = ReadHostStatus("/");
  CHECK(root.disk_bytes() > 0);
  CHECK(root.disk_free_bytes() <= root.disk_bytes());
  CHECK(ReadHostStatus("/no/such/folder").disk_bytes() == 0);
}

TEST_CASE("processor time passes while the process computes") {
  const double before = ReadHostStatus("/").cpu_user_seconds();
  double now = before;
  volatile double sum = 0;
  while (now <= before) {
    for (int i = 0; i < 1'000'000; ++i) sum = sum + i;
    now = ReadHostStatus("/").cpu_user_seconds();
  }
  CHECK(now > before);
}

}  // namespace
}  // namespace paceline

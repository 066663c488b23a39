#include "common/daemon/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/clock.h"
#include "common/fake_clock.h"

namespace paceline {
namespace {

// A service manager's socket.
class FakeManager {
 public:
  explicit FakeManager(const std::string& name) {
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd_ >= 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    // A test that fails ends.
    const timeval minute = {.tv_sec = 60};
    REQUIRE(setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute)) == 0);
  }
  ~FakeManager() { close(fd_); }

  // The next message.
  std::string Hear() {
    char text[512];
    const ssize_t size = recv(fd_, text, sizeof(text), 0);
    return size < 0 ? "nothing" : std::string(text, static_cast<size_t>(size));
  }
  bool Silent() {
    char byte = 0;
    return recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
  }

 private:
  int fd_ = -1;
};

std::string SocketPath(const std::string& name) {
  const char* const dir = std::getenv("TEST_TMPDIR");
  // Within the length of a socket's name.
  const std::string path = std::string(dir != nullptr ? dir : "/tmp") + "/" + name;
  return path.size() < 100 ? path : "/tmp/paceline-" + std::to_string(getpid()) + name;
}

TEST_CASE("ready, then watched while healthy, then stopping") {
  for (const std::string& name :
       {SocketPath("notify"), "@paceline-test-" + std::to_string(getpid())}) {
    INFO(name);
    FakeManager manager(name);
    FakeClock clock;
    std::atomic<bool> healthy{true};
    {
      ServiceManager service(
          {.environment = {.notify_socket = name, .watchdog = absl::Seconds(4)},
           .clock = &clock,
           .healthy =
               [&] { return healthy ? absl::OkStatus() : absl::UnavailableError("stuck\nfast"); },
           .status = [] { return std::string("2 jobs"); }});
      CHECK(manager.Hear() == "READY=1");
      CHECK(manager.Hear() == "WATCHDOG=1");
      CHECK(manager.Hear() == "STATUS=2 jobs");
      clock.AwaitWaiters(1);
      clock.Advance(absl::Seconds(2));
      CHECK(manager.Hear() == "WATCHDOG=1");
      clock.AwaitWaiters(1);
      CHECK(manager.Silent());
      healthy = false;
      clock.Advance(absl::Seconds(2));
      CHECK(manager.Hear() == "STATUS=UNAVAILABLE: stuck fast");
      clock.AwaitWaiters(1);
      CHECK(manager.Silent());
      healthy = true;
      clock.Advance(absl::Seconds(2));
      CHECK(manager.Hear() == "WATCHDOG=1");
      CHECK(manager.Hear() == "STATUS=2 jobs");
      clock.AwaitWaiters(1);
    }
    CHECK(manager.Hear() == "STOPPING=1");
    CHECK(manager.Silent());
  }
  unlink(SocketPath("notify").c_str());
}

TEST_CASE("without a watchdog nothing is said but what changes") {
  const std::string name = "@paceline-quiet-" + std::to_string(getpid());
  FakeManager manager(name);
  FakeClock clock;
  ServiceManager service({.environment = {.notify_socket = name}, .clock = &clock});
  CHECK(manager.Hear() == "READY=1");
  clock.AwaitWaiters(1);
  clock.Advance(absl::Minutes(1));
  clock.AwaitWaiters(1);
  CHECK(manager.Silent());
}

TEST_CASE("no manager, or one that has gone") {
  RealClock clock;
  ServiceManager none({.clock = &clock});
  ServiceManager gone({.environment = {.notify_socket = "/no/such/socket"}, .clock = &clock});
  ServiceManager long_name(
      {.environment = {.notify_socket = std::string(4096, 'x')}, .clock = &clock});
}

TEST_CASE("the environment is read once, and not handed on") {
  const auto take = [](const char* socket, const char* interval, const std::string& pid) {
    setenv("NOTIFY_SOCKET", socket, 1);
    setenv("WATCHDOG_USEC", interval, 1);
    setenv("WATCHDOG_PID", pid.c_str(), 1);
    const ServiceEnvironment taken = TakeServiceEnvironment();
    for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
      CHECK(std::getenv(name) == nullptr);
    }
    return taken;
  };
  const std::string self = std::to_string(getpid());
  const ServiceEnvironment whole = take("@a", "3000000", self);
  CHECK(whole.notify_socket == "@a");
  CHECK(whole.watchdog == absl::Seconds(3));
  CHECK(take("@a", "3000000", "").watchdog == absl::Seconds(3));
  CHECK(take("@a", "3000000", "1").watchdog == absl::ZeroDuration());
  CHECK(take("@a", "soon", self).watchdog == absl::ZeroDuration());
  CHECK(take("@a", "-5", self).watchdog == absl::ZeroDuration());
  CHECK(TakeServiceEnvironment().notify_socket.empty());
}

}  // namespace
}  // namespace paceline

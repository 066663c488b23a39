#include "common/net/accept_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/status/status_matchers.h"
#include "common/sync.h"

namespace paceline {
namespace {

int NewSocket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  // A test that fails ends.
  const timeval minute = {.tv_sec = 60};
  REQUIRE(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute)) == 0);
  return fd;
}

// From an address: what starts with 127 is this machine.
bool Connect(int fd, int port, const char* from = "127.0.0.1") {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  REQUIRE(inet_pton(AF_INET, from, &address.sin_addr) == 1);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

// What accepted connections say first.
constexpr char kHello = 'h';

// 'h', or 0 when the connection has been closed.
char Hear(int fd) {
  char byte = 0;
  return recv(fd, &byte, 1, 0) == 1 ? byte : 0;
}

constexpr char kKnown[] = "127.0.0.2";

// Says hello on each connection and keeps it.
class Greeter {
 public:
  explicit Greeter(uint64_t most_connections, uint64_t kept = 0) {
    auto loop = AcceptLoop::Listen({.name = "test",
                                    .listen = {"127.0.0.1", 0},
                                    .most_connections = most_connections,
                                    .kept = kept,
                                    .is_known = [](const std::string& h) { return h == kKnown; },
                                    .accepted = [this](int fd) { Greet(fd); }});
    REQUIRE_OK(loop);
    loop_ = *std::move(loop);
    loop_->Start();
  }
  ~Greeter() {
    loop_->Stop();
    CloseAll();
  }

  void CloseAll() {
    MutexLock lock(&mu_);
    for (const int fd : fds_) close(fd);
    fds_.clear();
  }

  AcceptLoop* loop() { return loop_.get(); }

 private:
  void Greet(int fd) {
    (void)send(fd, &kHello, 1, MSG_NOSIGNAL);
    MutexLock lock(&mu_);
    fds_.push_back(fd);
  }

  Mutex mu_;
  std::vector<int> fds_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<AcceptLoop> loop_;
};

// Lowers the limit to what is open now and a few more.
class FewDescriptors {
 public:
  explicit FewDescriptors(int more) {
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int lowest_free = dup(STDERR_FILENO);
    REQUIRE(lowest_free >= 0);
    close(lowest_free);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(lowest_free + more);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_ = {};
};

TEST_CASE("beyond the limit connections are closed, until others have gone") {
  Greeter greeter(/*most_connections=*/2);
  std::vector<int> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(NewSocket());
    REQUIRE(Connect(clients.back(), greeter.loop()->port()));
    CHECK(Hear(clients.back()) == (i < 2 ? kHello : 0));
  }
  AcceptLoop::Stats stats = greeter.loop()->stats();
  CHECK(stats.accepted == 2);
  CHECK(stats.refused == 2);
  CHECK(stats.open == 2);
  CHECK(stats.limit == 2);
  greeter.CloseAll();
  CHECK(greeter.loop()->stats().open == 0);
  const int late = NewSocket();
  REQUIRE(Connect(late, greeter.loop()->port()));
  CHECK(Hear(late) == kHello);
  CHECK(greeter.loop()->stats().accepted == 3);
  close(late);
  for (const int fd : clients) close(fd);
}

TEST_CASE("the last places are for hosts that are known") {
  Greeter greeter(/*most_connections=*/4, /*kept=*/2);
  std::vector<int> clients;
  const auto hear = [&](const char* from) {
    clients.push_back(NewSocket());
    REQUIRE(Connect(clients.back(), greeter.loop()->port(), from));
    return Hear(clients.back());
  };
  CHECK(hear("127.0.0.1") == kHello);
  CHECK(hear("127.0.0.3") == kHello);
  CHECK(hear("127.0.0.1") == 0);
  CHECK(hear(kKnown) == kHello);
  CHECK(hear("127.0.0.3") == 0);
  CHECK(hear(kKnown) == kHello);
  // All are taken.
  CHECK(hear(kKnown) == 0);
  const AcceptLoop::Stats stats = greeter.loop()->stats();
  CHECK(stats.open == 4);
  CHECK(stats.refused == 3);
  greeter.CloseAll();
  CHECK(hear("127.0.0.1") == kHello);
  for (const int fd : clients) close(fd);
}

TEST_CASE("faults: a loop without descriptors refuses, and accepts again once there are some") {
  Greeter greeter(/*most_connections=*/1000);
  std::vector<int> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(NewSocket());
  int accepted = 0;
  {
    const FewDescriptors few(3);
    for (const int fd : clients) {
      REQUIRE(Connect(fd, greeter.loop()->port()));
      if (Hear(fd) == kHello) ++accepted;
    }
    CHECK(accepted == 3);
    CHECK(greeter.loop()->stats().refused == 37);
    greeter.CloseAll();
    close(clients[39]);
    clients[39] = NewSocket();
    REQUIRE(Connect(clients[39], greeter.loop()->port()));
    CHECK(Hear(clients[39]) == kHello);
  }
  for (const int fd : clients) close(fd);
}

TEST_CASE("a loop that has stopped accepts nobody") {
  Greeter greeter(/*most_connections=*/2);
  greeter.loop()->Stop();
  greeter.loop()->Stop();
  const int client = NewSocket();
  CHECK_FALSE(Connect(client, greeter.loop()->port()));
  close(client);
}

TEST_CASE("an address that cannot be had") {
  Greeter greeter(1);
  CHECK_STATUS(AcceptLoop::Listen({.listen = {"127.0.0.1", greeter.loop()->port()}}).status(),
               absl::StatusCode::kUnavailable, "cannot listen on 127.0.0.1:");
}

}  // namespace
}  // namespace paceline

#include "common/http/waiting_connections.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "common/fake_clock.h"
#include "common/http/http_limits.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

// The end of a client; the other one waits.
class Client {
 public:
  explicit Client(WaitingConnections* waiting) {
    int fds[2] = {};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    REQUIRE(fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0);
    // A test that fails ends.
    const timeval minute = {.tv_sec = 60};
    REQUIRE(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute)) == 0);
    fd_ = fds[0];
    waiting->Add(fds[1]);
  }
  ~Client() { close(fd_); }

  void Say(char byte) { REQUIRE(send(fd_, &byte, 1, MSG_NOSIGNAL) == 1); }
  void HangUp() { shutdown(fd_, SHUT_WR); }
  // Waits for it.
  bool IsClosed() {
    char byte = 0;
    return recv(fd_, &byte, 1, 0) == 0;
  }
  bool IsOpen() {
    char byte = 0;
    return recv(fd_, &byte, 1, MSG_DONTWAIT) < 0;
  }

 private:
  int fd_ = -1;
};

// Answers each connection with its own first byte and closes it.
struct Fixture {
  explicit Fixture(std::size_t most = 10) {
    auto started = WaitingConnections::Start({.most = most,
                                              .ready =
                                                  [](int fd) {
                                                    char byte = 0;
                                                    CHECK(recv(fd, &byte, 1, 0) == 1);
                                                    (void)send(fd, &byte, 1, MSG_NOSIGNAL);
                                                    close(fd);
                                                  },
                                              .clock = &clock});
    REQUIRE_OK(started);
    waiting = *std::move(started);
  }

  std::unique_ptr<Client> Connect() { return std::make_unique<Client>(waiting.get()); }

  FakeClock clock;
  std::unique_ptr<WaitingConnections> waiting;
};

TEST_CASE("a connection is handed over once it has said something, with all that it said") {
  Fixture fixture;
  const auto silent = fixture.Connect();
  const auto first = fixture.Connect();
  const auto second = fixture.Connect();
  second->Say('b');
  CHECK_FALSE(second->IsClosed());
  CHECK(second->IsClosed());
  first->Say('a');
  CHECK_FALSE(first->IsClosed());
  CHECK(silent->IsOpen());
}

TEST_CASE("one that hangs up is closed") {
  Fixture fixture;
  const auto gone = fixture.Connect();
  const auto silent = fixture.Connect();
  gone->HangUp();
  CHECK(gone->IsClosed());
  CHECK(silent->IsOpen());
}

TEST_CASE("one that is silent for too long is closed, and no other") {
  Fixture fixture;
  const auto old = fixture.Connect();
  fixture.clock.Advance(kHttpFirstByteTime - absl::Seconds(1));
  const auto young = fixture.Connect();
  CHECK(old->IsOpen());
  fixture.clock.Advance(absl::Seconds(1));
  // The thread looks at the clock when something comes.
  const auto latest = fixture.Connect();
  CHECK(old->IsClosed());
  CHECK(young->IsOpen());
  CHECK(latest->IsOpen());
}

TEST_CASE("of too many, those that have waited longest are closed") {
  Fixture fixture(/*most=*/3);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(fixture.Connect());
  for (std::size_t i = 0; i < 7; ++i) CHECK(clients[i]->IsClosed());
  for (std::size_t i = 7; i < 10; ++i) CHECK(clients[i]->IsOpen());
  clients[8]->Say('x');
  CHECK_FALSE(clients[8]->IsClosed());
  CHECK(clients[8]->IsClosed());
  // There is room for one more.
  clients.push_back(fixture.Connect());
  clients.push_back(fixture.Connect());
  CHECK(clients[7]->IsClosed());
  CHECK(clients[9]->IsOpen());
}

TEST_CASE("all are closed at the end, and what comes later too") {
  Fixture fixture;
  const auto before = fixture.Connect();
  fixture.waiting->Stop();
  fixture.waiting->Stop();
  CHECK(before->IsClosed());
  CHECK(fixture.Connect()->IsClosed());
}

}  // namespace
}  // namespace paceline

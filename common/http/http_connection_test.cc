#include "common/http/http_connection.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "common/fake_clock.h"
#include "common/http/http_limits.h"

namespace paceline {
namespace {

struct Ends {
  Ends() {
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    REQUIRE(fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0);
  }
  ~Ends() {
    if (fds[1] >= 0) close(fds[1]);
  }
  void HangUp() {
    close(fds[1]);
    fds[1] = -1;
  }
  // The first belongs to the connection.
  int fds[2];
};

TEST_CASE("bytes pass both ways, and the end is seen") {
  FakeClock clock;
  Ends ends;
  HttpConnection connection(ends.fds[0], nullptr, &clock);
  CHECK(connection.Handshake());
  CHECK(connection.ssl() == nullptr);
  REQUIRE(send(ends.fds[1], "abcd", 4, 0) == 4);
  char bytes[8] = {};
  CHECK(connection.read(bytes, 3) == 3);
  CHECK(std::string(bytes, 3) == "abc");
  CHECK(connection.read(bytes, 8) == 1);
  CHECK(connection.write("xyz", 3) == 3);
  CHECK(recv(ends.fds[1], bytes, 8, 0) == 3);
  ends.HangUp();
  CHECK(connection.read(bytes, 8) == 0);
  CHECK(connection.write("x", 1) == -1);
}

TEST_CASE("a client that is slow is cut off") {
  FakeClock clock;
  Ends ends;
  HttpConnection connection(ends.fds[0], nullptr, &clock);
  char byte = 0;
  clock.Advance(kHttpRequestTime);
  // What is here counts.
  REQUIRE(send(ends.fds[1], "a", 1, 0) == 1);
  CHECK(connection.read(&byte, 1) == 1);
  CHECK(connection.read(&byte, 1) == -1);
  // Nobody takes the answer.
  const std::string block(1 << 16, 'x');
  CHECK(connection.write(block.data(), block.size()) > 0);
  clock.Advance(kHttpAnswerTime);
  ssize_t sent = 1;
  while (sent > 0) sent = connection.write(block.data(), block.size());
  CHECK(sent == -1);
}

TEST_CASE("a request without end is cut off") {
  FakeClock clock;
  Ends ends;
  HttpConnection connection(ends.fds[0], nullptr, &clock);
  std::thread client([&] {
    const std::string block(4096, 'x');
    while (send(ends.fds[1], block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  std::size_t total = 0;
  char bytes[1000];
  ssize_t count = 1;
  while ((count = connection.read(bytes, sizeof(bytes))) > 0) {
    total += static_cast<std::size_t>(count);
  }
  CHECK(count == -1);
  CHECK(total == kMostHttpHeadBytes + kMostHttpBodyBytes);
  shutdown(ends.fds[0], SHUT_RDWR);
  client.join();
}

TEST_CASE("what nobody wants any more is taken until the client has gone") {
  FakeClock clock;
  Ends ends;
  HttpConnection connection(ends.fds[0], nullptr, &clock);
  REQUIRE(send(ends.fds[1], "unread", 6, 0) == 6);
  shutdown(ends.fds[1], SHUT_WR);
  connection.Finish(/*unread=*/true);
  char byte = 0;
  CHECK(recv(ends.fds[1], &byte, 1, 0) == 0);
  // The connection has seen the end.
  CHECK(recv(ends.fds[0], &byte, 1, 0) == 0);
}

}  // namespace
}  // namespace paceline

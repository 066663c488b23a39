#include "common/net/open_connections.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace paceline {
namespace {

int NewSocket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  return fd;
}

TEST_CASE("a connection that was closed makes room, without a word") {
  OpenConnections connections(2);
  const int a = NewSocket();
  const int b = NewSocket();
  CHECK(connections.HasRoom());
  connections.Add(a);
  CHECK(connections.HasRoom());
  connections.Add(b);
  CHECK_FALSE(connections.HasRoom());
  CHECK(connections.Count() == 2);
  close(a);
  CHECK(connections.HasRoom());
  CHECK(connections.Count() == 1);
  // The same number, and not the same connection.
  const int c = NewSocket();
  CHECK(c == a);
  CHECK(connections.Count() == 1);
  connections.Add(c);
  CHECK_FALSE(connections.HasRoom());
  close(b);
  close(c);
  CHECK(connections.Count() == 0);
}

TEST_CASE("places that are kept are no room, but for whom they are kept") {
  OpenConnections connections(3);
  const int a = NewSocket();
  const int b = NewSocket();
  connections.Add(a);
  CHECK(connections.HasRoom(/*kept=*/1));
  CHECK_FALSE(connections.HasRoom(/*kept=*/2));
  connections.Add(b);
  CHECK_FALSE(connections.HasRoom(/*kept=*/1));
  CHECK(connections.HasRoom());
  close(a);
  CHECK(connections.HasRoom(/*kept=*/1));
  close(b);
}

TEST_CASE("no room at all") {
  OpenConnections connections(0);
  CHECK_FALSE(connections.HasRoom());
  CHECK(connections.Count() == 0);
}

TEST_CASE("the count is that of a set of descriptors, whatever is opened and closed") {
  const unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  constexpr uint64_t kLimit = 20;
  OpenConnections connections(kLimit);
  std::vector<int> open;
  std::vector<int> others;
  for (int i = 0; i < 3000; ++i) {
    const unsigned what = random() % 8;
    if (what < 4) {
      const bool room = connections.HasRoom();
      CHECK(room == (open.size() < kLimit));
      if (room) {
        open.push_back(NewSocket());
        connections.Add(open.back());
      }
    } else if (what < 7 && !open.empty()) {
      const size_t at = random() % open.size();
      close(open[at]);
      open.erase(open.begin() + static_cast<ptrdiff_t>(at));
    } else if (others.size() < 8) {
      // Takes numbers of connections that have gone.
      others.push_back(NewSocket());
    } else {
      for (const int fd : others) close(fd);
      others.clear();
    }
    if (random() % 16 == 0) CHECK(connections.Count() == open.size());
  }
  for (const int fd : open) close(fd);
  for (const int fd : others) close(fd);
  CHECK(connections.Count() == 0);
}

}  // namespace
}  // namespace paceline

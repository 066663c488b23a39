#include "common/shared_memory/shared_memory.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "common/shared_memory/memory_socket.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

constexpr uint64_t kMost = uint64_t{1} << 20;
constexpr absl::Duration kPatience = absl::Seconds(10);

// A listener and a connection to it, both ends.
struct Pair {
  UniqueFd listener;
  UniqueFd client;
  UniqueFd server;
};

Pair Connected() {
  const std::string name = NewMemorySocketName();
  Pair pair;
  REQUIRE_OK_AND_ASSIGN(pair.listener, ListenForMemory(name, 4));
  REQUIRE_OK_AND_ASSIGN(pair.client, ConnectForMemory(name, kPatience));
  REQUIRE_OK_AND_ASSIGN(pair.server, AcceptForMemory(pair.listener.get()));
  REQUIRE(pair.server);
  return pair;
}

TEST_CASE("both sides see the same bytes") {
  const Pair pair = Connected();
  REQUIRE_OK_AND_ASSIGN(const auto mine, SharedMemory::Create(8192));
  CHECK_OK(SendMemory(pair.client.get(), *mine));
  REQUIRE_OK_AND_ASSIGN(UniqueFd fd, ReceiveMemory(pair.server.get()));
  REQUIRE_OK_AND_ASSIGN(const auto theirs, SharedMemory::Adopt(std::move(fd), kMost));
  CHECK(theirs->size() == 8192);
  CHECK(theirs->fd() < 0);
  CHECK(theirs->data() != mine->data());
  mine->data()[8191] = 7;
  CHECK(theirs->data()[8191] == 7);
  theirs->data()[0] = 9;
  CHECK(mine->data()[0] == 9);

  CHECK_OK(SendNumber(pair.server.get(), 0x1234567890abcdefu));
  REQUIRE_OK_AND_ASSIGN(const uint64_t number, ReceiveNumber(pair.client.get()));
  CHECK(number == 0x1234567890abcdefu);
}

TEST_CASE("memory outlives the process that made it") {
  REQUIRE_OK_AND_ASSIGN(auto mine, SharedMemory::Create(4096));
  mine->data()[17] = 3;
  REQUIRE_OK_AND_ASSIGN(const auto theirs, SharedMemory::Adopt(UniqueFd(dup(mine->fd())), kMost));
  mine.reset();
  CHECK(theirs->data()[17] == 3);
}

TEST_CASE("memory that could shrink, has holes or is too large is refused") {
  SECTION("not sealed") {
    UniqueFd fd(memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    REQUIRE(posix_fallocate(fd.get(), 0, 4096) == 0);
    CHECK_STATUS(SharedMemory::Adopt(std::move(fd), kMost), absl::StatusCode::kInvalidArgument,
                 "seals");
  }
  SECTION("not memory") {
    CHECK_STATUS(SharedMemory::Adopt(UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)), kMost),
                 absl::StatusCode::kInvalidArgument, "seals");
  }
  SECTION("a hole") {
    UniqueFd fd(memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    REQUIRE(ftruncate(fd.get(), 65536) == 0);
    REQUIRE(fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
    CHECK_STATUS(SharedMemory::Adopt(std::move(fd), kMost), absl::StatusCode::kInvalidArgument,
                 "65536 bytes of pages expected, got 0");
  }
  SECTION("too large") {
    REQUIRE_OK_AND_ASSIGN(const auto memory, SharedMemory::Create(kMost + 1));
    CHECK_STATUS(SharedMemory::Adopt(UniqueFd(dup(memory->fd())), kMost),
                 absl::StatusCode::kInvalidArgument, "1 to 1048576 bytes expected, got 1048577");
  }
}

TEST_CASE("a message without a descriptor is refused") {
  const Pair pair = Connected();
  REQUIRE(send(pair.client.get(), "M", 1, 0) == 1);
  CHECK_STATUS(ReceiveMemory(pair.server.get()), absl::StatusCode::kInvalidArgument,
               "one descriptor expected, got none");
}

TEST_CASE("a peer that is silent or gone") {
  Pair pair = Connected();
  CHECK_STATUS(ReceiveMemory(pair.server.get()), absl::StatusCode::kUnavailable, "receive");
  pair.client.Reset();
  CHECK_STATUS(ReceiveMemory(pair.server.get()), absl::StatusCode::kUnavailable, "gone");
  const std::string name = NewMemorySocketName();
  CHECK_STATUS(ConnectForMemory(name, kPatience), absl::StatusCode::kUnavailable, "connect");
  CHECK_STATUS(ConnectForMemory(std::string(200, 'x'), kPatience),
               absl::StatusCode::kInvalidArgument, "got 200");
}

TEST_CASE("without a descriptor to be had there is no memory") {
  const std::string name = NewMemorySocketName();
  REQUIRE_OK_AND_ASSIGN(const UniqueFd listener, ListenForMemory(name, 1));
  REQUIRE_OK_AND_ASSIGN(const UniqueFd client, ConnectForMemory(name, kPatience));
  rlimit limit = {};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlimit none = limit;
  none.rlim_cur = 0;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const absl::Status refused = SharedMemory::Create(4096).status();
  const absl::Status full = AcceptForMemory(listener.get()).status();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_STATUS(refused, absl::StatusCode::kResourceExhausted, "4096 bytes");
  CHECK_STATUS(full, absl::StatusCode::kResourceExhausted, "no descriptor");
  // The connection has waited.
  CHECK_OK(AcceptForMemory(listener.get()));
}

TEST_CASE("a name is one listener's") {
  const std::string name = NewMemorySocketName();
  REQUIRE_OK_AND_ASSIGN(const UniqueFd first, ListenForMemory(name, 1));
  const absl::Status second = ListenForMemory(name, 1).status();
  CHECK_FALSE(second.ok());
  CHECK_THAT(std::string(second.message()), Catch::Contains(name));
}

TEST_CASE("nobody speaks with another user, from either side") {
  if (geteuid() != 0) {
    WARN("skipped: only root can become another user");
    return;
  }
  const std::string name = NewMemorySocketName();
  REQUIRE_OK_AND_ASSIGN(const UniqueFd listener, ListenForMemory(name, 1));
  constexpr uid_t kNobody = 65534;
  const pid_t stranger = fork();
  REQUIRE(stranger >= 0);
  if (stranger == 0) {
    if (setuid(kNobody) != 0) _exit(3);
    // The connection was made, and is given up once it is known with whom.
    _exit(absl::IsUnavailable(ConnectForMemory(name, kPatience).status()) ? 0 : 4);
  }
  pollfd waiting = {.fd = listener.get(), .events = POLLIN, .revents = 0};
  REQUIRE(poll(&waiting, 1, 10000) == 1);
  CHECK_STATUS(AcceptForMemory(listener.get()), absl::StatusCode::kUnavailable, "");
  int status = -1;
  REQUIRE(waitpid(stranger, &status, 0) == stranger);
  CHECK(status == 0);
}

}  // namespace
}  // namespace paceline

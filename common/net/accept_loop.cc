#include "common/net/accept_loop.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/log.h"
#include "common/net/known_hosts.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

// Of one listening socket before the others have their turn.
constexpr int kAcceptsAtOnce = 64;
// When the system has neither memory nor descriptors.
constexpr int kPauseMs = 20;
constexpr absl::Duration kLogInterval = absl::Seconds(10);

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

absl::StatusOr<std::unique_ptr<AcceptLoop>> AcceptLoop::Listen(Options options) {
  PL_ASSIGN_OR_RETURN(ListeningSockets sockets,
                      ListeningSockets::Open(options.listen, options.configure));
  std::unique_ptr<AcceptLoop> loop(new AcceptLoop(std::move(options), std::move(sockets)));
  loop->stop_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  loop->reserve_fd_ = OpenReserve();
  if (loop->stop_fd_ < 0 || loop->reserve_fd_ < 0) {
    return absl::UnavailableError("no descriptors left to listen with: see ulimit -n");
  }
  return loop;
}

AcceptLoop::AcceptLoop(Options options, ListeningSockets sockets)
    : options_(std::move(options)),
      sockets_(std::move(sockets)),
      connections_(options_.most_connections) {}

AcceptLoop::~AcceptLoop() {
  Stop();
  if (stop_fd_ >= 0) close(stop_fd_);
  if (reserve_fd_ >= 0) close(reserve_fd_);
}

void AcceptLoop::Start() {
  PL_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Run(); });
}

void AcceptLoop::Stop() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    PL_CHECK_EQ(write(stop_fd_, &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
    thread_.join();
  }
  sockets_.Close();
}

AcceptLoop::Stats AcceptLoop::stats() const {
  MutexLock lock(&mu_);
  return {.accepted = accepted_,
          .refused = refused_,
          .open = connections_.Count(),
          .limit = connections_.limit()};
}

void AcceptLoop::Run() {
  std::vector<pollfd> wanted = {{.fd = stop_fd_, .events = POLLIN}};
  for (const int fd : sockets_.fds()) wanted.push_back({.fd = fd, .events = POLLIN});
  while (true) {
    const int ready = poll(wanted.data(), wanted.size(), -1);
    if (ready < 0) continue;
    if (wanted[0].revents != 0) return;
    bool pause = false;
    for (const pollfd& socket : wanted) {
      if (socket.fd != stop_fd_ && socket.revents != 0) pause |= !AcceptFrom(socket.fd);
    }
    if (pause) (void)poll(wanted.data(), 1, kPauseMs);
  }
}

bool AcceptLoop::AcceptFrom(int listener) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    sockaddr_storage peer = {};
    socklen_t size = sizeof(peer);
    const int fd =
        accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) return RefuseWithReserve(listener);
      if (errno == ENOMEM || errno == ENOBUFS) return false;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      // Of that connection alone, accept(2): it is gone.
      continue;
    }
    {
      MutexLock lock(&mu_);
      if (!HasRoom(peer)) {
        Refuse(fd);
        LogRefusals("too many are open");
        continue;
      }
      connections_.Add(fd);
    }
    ++accepted_;
    options_.accepted(fd);
  }
  return true;
}

bool AcceptLoop::HasRoom(const sockaddr_storage& peer) {
  if (connections_.HasRoom(options_.kept)) return true;
  return options_.kept > 0 && options_.is_known(HostOf(peer)) && connections_.HasRoom();
}

bool AcceptLoop::RefuseWithReserve(int listener) {
  if (reserve_fd_ >= 0) close(reserve_fd_);
  // Another thread may be quicker to take the descriptor: then later.
  const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    Refuse(fd);
    LogRefusals("out of descriptors");
  }
  reserve_fd_ = OpenReserve();
  return fd >= 0 && reserve_fd_ >= 0;
}

void AcceptLoop::Refuse(int fd) {
  ++refused_;
  // A reset: nothing of the connection stays behind.
  const linger now = {.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(fd);
}

void AcceptLoop::LogRefusals(const char* why) {
  const absl::Duration now = clock_.Monotonic();
  if (now - last_log_ < kLogInterval) return;
  last_log_ = now;
  LogWarning("connections are refused", {{"listener", options_.name},
                                         {"why", why},
                                         {"limit", options_.most_connections},
                                         {"kept", options_.kept},
                                         {"refused", refused_.load()}});
}

}  // namespace paceline

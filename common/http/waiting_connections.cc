#include "common/http/waiting_connections.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "absl/status/status.h"

namespace paceline {
namespace {

// Not where the client has hung up.
bool HasFirstByte(int fd) {
  char byte = 0;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<WaitingConnections>> WaitingConnections::Start(Options options) {
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) return absl::UnavailableError("no descriptors left: see ulimit -n");
  return std::unique_ptr<WaitingConnections>(new WaitingConnections(std::move(options), wake_fd));
}

WaitingConnections::WaitingConnections(Options options, int wake_fd)
    : options_(std::move(options)), wake_fd_(wake_fd), thread_([this] { Run(); }) {}

WaitingConnections::~WaitingConnections() {
  Stop();
  close(wake_fd_);
}

void WaitingConnections::Add(int fd) {
  MutexLock lock(&mu_);
  if (stopping_) {
    close(fd);
    return;
  }
  added_.push_back({fd, options_.clock->Monotonic() + options_.longest_wait});
  Wake();
}

void WaitingConnections::Stop() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    Wake();
  }
  if (thread_.joinable()) thread_.join();
}

void WaitingConnections::Run() {
  while (TakeAdded()) {
    Await();
    Settle();
  }
  for (const Connection& connection : waiting_) close(connection.fd);
}

bool WaitingConnections::TakeAdded() {
  MutexLock lock(&mu_);
  // Forgets earlier wake-ups: what they were about is taken now.
  uint64_t wakes = 0;
  (void)!read(wake_fd_, &wakes, sizeof(wakes));
  waiting_.insert(waiting_.end(), added_.begin(), added_.end());
  added_.clear();
  return !stopping_;
}

void WaitingConnections::Await() {
  std::vector<pollfd> polled = {{.fd = wake_fd_, .events = POLLIN, .revents = 0}};
  for (const Connection& connection : waiting_) {
    polled.push_back({.fd = connection.fd, .events = POLLIN, .revents = 0});
  }
  int timeout_ms = -1;
  if (waiting_.size() > options_.most) {
    timeout_ms = 0;
  } else if (!waiting_.empty()) {
    const absl::Duration left = waiting_[0].deadline - options_.clock->Monotonic();
    timeout_ms = static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
    if (left <= absl::ZeroDuration()) timeout_ms = 0;
  }
  (void)poll(polled.data(), polled.size(), timeout_ms);
  seen_.clear();
  for (std::size_t i = 1; i < polled.size(); ++i) seen_.push_back(polled[i].revents);
}

void WaitingConnections::Settle() {
  std::size_t silent = 0;
  for (const short seen : seen_) silent += seen == 0 ? 1 : 0;
  const absl::Duration now = options_.clock->Monotonic();
  std::vector<Connection> stay;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const Connection& connection = waiting_[i];
    const bool spoke = seen_[i] != 0;
    if (!spoke && silent <= options_.most && now < connection.deadline) {
      stay.push_back(connection);
      continue;
    }
    if (!spoke) --silent;
    if (spoke && HasFirstByte(connection.fd)) {
      options_.ready(connection.fd);
    } else {
      close(connection.fd);
    }
  }
  waiting_ = std::move(stay);
}

void WaitingConnections::Wake() {
  const uint64_t one = 1;
  (void)!write(wake_fd_, &one, sizeof(one));
}

}  // namespace paceline

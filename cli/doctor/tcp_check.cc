#include "cli/doctor/tcp_check.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"

namespace paceline::cli {
namespace {

absl::Status Failed(const HostPort& address, const std::string& why) {
  return absl::UnavailableError(absl::StrCat(address.ToString(), ": ", why));
}

// The error of a connection that is being made, once it is known.
int WaitForConnection(int socket, absl::Duration timeout) {
  pollfd ready = {.fd = socket, .events = POLLOUT, .revents = 0};
  const int count = poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  if (count == 0) return ETIMEDOUT;
  if (count < 0) return errno;
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int Connect(const addrinfo& to, absl::Duration timeout) {
  const int connection =
      socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol);
  if (connection < 0) return errno;
  int error = connect(connection, to.ai_addr, to.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) error = WaitForConnection(connection, timeout);
  close(connection);
  return error;
}

}  // namespace

absl::Status CheckTcpPort(const HostPort& address, absl::Duration timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int looked_up =
      getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found);
  if (looked_up != 0) return Failed(address, gai_strerror(looked_up));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    error = Connect(*one, timeout);
    if (error == 0) return absl::OkStatus();
  }
  return Failed(address, std::strerror(error));
}

}  // namespace paceline::cli

#include "common/net/listening_sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

// Of addresses that must share a port that the first one was given.
constexpr int kPortAttempts = 16;

struct Target {
  sockaddr_storage address = {};
  socklen_t size = 0;
  // An IPv6 wildcard that takes IPv4 too.
  bool dual = false;

  int family() const { return address.ss_family; }
  void SetPort(int port) {
    auto& at = family() == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                    : reinterpret_cast<sockaddr_in&>(address).sin_port;
    at = htons(static_cast<uint16_t>(port));
  }
  int port() const {
    return ntohs(family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                      : reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
};

absl::Status CannotListen(const HostPort& address, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address.ToString(), ": ", why));
}

absl::StatusOr<std::vector<Target>> Resolve(const HostPort& address) {
  addrinfo hints = {};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) {
    return CannotListen(address, error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  std::vector<Target> targets;
  for (const addrinfo* it = found; it != nullptr; it = it->ai_next) {
    Target target;
    if (it->ai_addrlen > sizeof(target.address)) continue;
    std::memcpy(&target.address, it->ai_addr, it->ai_addrlen);
    target.size = it->ai_addrlen;
    targets.push_back(target);
  }
  return targets;
}

Target EveryInterface(int port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_any;
  Target target;
  std::memcpy(&target.address, &address, sizeof(address));
  target.size = sizeof(address);
  target.dual = true;
  target.SetPort(port);
  return target;
}

void Set(int fd, int level, int option, int value) {
  (void)setsockopt(fd, level, option, &value, sizeof(value));
}

// -1: errno says why.
int ListenOn(const Target& target, const std::function<void(int)>& configure) {
  const int fd = socket(target.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  // Of connections that an earlier process had there.
  Set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (target.family() == AF_INET6) Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, target.dual ? 0 : 1);
  if (configure) configure(fd);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&target.address), target.size) == 0 &&
      listen(fd, SOMAXCONN) == 0) {
    return fd;
  }
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int PortOf(int fd) {
  Target bound;
  bound.size = sizeof(bound.address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound.address), &bound.size) != 0) return 0;
  return bound.port();
}

// The machine lacks the protocol or the address, which is no reason to do without the
// others.
bool IsAbsent(int error) {
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL || error == EPROTONOSUPPORT;
}

}  // namespace

absl::StatusOr<ListeningSockets> ListeningSockets::Open(const HostPort& address,
                                                        const std::function<void(int)>& configure) {
  absl::StatusOr<std::vector<Target>> targets = Resolve(address);
  if (!targets.ok()) return targets.status();
  if (IsWildcard(address.host)) targets->insert(targets->begin(), EveryInterface(address.port));
  int error = EADDRNOTAVAIL;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    ListeningSockets sockets;
    bool taken = false;
    for (Target& target : *targets) {
      target.SetPort(sockets.fds_.empty() ? address.port : sockets.port_);
      const int fd = ListenOn(target, configure);
      if (fd < 0) {
        error = errno;
        if (IsAbsent(error)) continue;
        taken = true;
        break;
      }
      sockets.fds_.push_back(fd);
      sockets.port_ = PortOf(fd);
      if (target.dual) break;
    }
    if (!taken && !sockets.fds_.empty()) return sockets;
    // Only a port that the system chose for the first address may be free elsewhere.
    if (address.port != 0 || sockets.fds_.empty()) break;
  }
  return CannotListen(address, std::strerror(error));
}

void ListeningSockets::Close() {
  for (const int fd : fds_) close(fd);
  fds_.clear();
}

}  // namespace paceline

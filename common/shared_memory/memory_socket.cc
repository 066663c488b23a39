#include "common/shared_memory/memory_socket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <random>

#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

// What comes with a descriptor: a message without bytes would look like the end.
constexpr char kGreeting = 'M';

struct Address {
  sockaddr_un name = {};
  socklen_t length = 0;
};

absl::StatusOr<Address> AbstractAddress(const std::string& name) {
  Address address;
  // One byte for the zero that makes it abstract.
  if (name.empty() || name.size() >= sizeof(address.name.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("socket name: 1 to ",
                                                   sizeof(address.name.sun_path) - 1,
                                                   " bytes expected, got ", name.size()));
  }
  address.name.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.name.sun_path + 1);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

absl::Status Gone(const char* what) {
  return absl::UnavailableError(
      absl::StrCat("shared memory: ", what, ": ", absl::ErrnoToStatus(errno, "").message()));
}

bool SameUser(int socket) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

// The one descriptor of a message, if it carries just one.
int DescriptorOf(msghdr* message) {
  const cmsghdr* const control = CMSG_FIRSTHDR(message);
  if (control == nullptr || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS ||
      control->cmsg_len != CMSG_LEN(sizeof(int))) {
    return -1;
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(control), sizeof(fd));
  return fd;
}

}  // namespace

std::string NewMemorySocketName() {
  std::random_device random;
  const auto number = [&] { return uint64_t{random()} << 32 | random(); };
  return absl::StrCat("paceline-", absl::Hex(number(), absl::kZeroPad16),
                      absl::Hex(number(), absl::kZeroPad16));
}

absl::StatusOr<UniqueFd> ListenForMemory(const std::string& name, int backlog) {
  const absl::StatusOr<Address> address = AbstractAddress(name);
  if (!address.ok()) return address.status();
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd ||
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&address->name), address->length) != 0 ||
      listen(fd.get(), backlog) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("unix socket @", name));
  }
  return fd;
}

absl::StatusOr<UniqueFd> ConnectForMemory(const std::string& name, absl::Duration timeout) {
  const absl::StatusOr<Address> address = AbstractAddress(name);
  if (!address.ok()) return address.status();
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return Gone("socket");
  const timeval limit = absl::ToTimeval(timeout);
  if (setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
      setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
      connect(fd.get(), reinterpret_cast<const sockaddr*>(&address->name), address->length) != 0) {
    return Gone("connect");
  }
  // Who has taken the name of a server that has gone need not be one.
  if (!SameUser(fd.get())) return absl::UnavailableError("shared memory: of another user");
  return fd;
}

absl::StatusOr<UniqueFd> AcceptForMemory(int listener) {
  UniqueFd fd(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd && (errno == EMFILE || errno == ENFILE)) {
    return absl::ResourceExhaustedError("shared memory: no descriptor for another connection");
  }
  if (!fd) return Gone("accept");
  if (!SameUser(fd.get())) return absl::UnavailableError("shared memory: of another user");
  return fd;
}

absl::Status SendMemory(int socket, const SharedMemory& memory) {
  char greeting = kGreeting;
  iovec bytes = {.iov_base = &greeting, .iov_len = 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = memory.fd();
  std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  if (sendmsg(socket, &message, MSG_NOSIGNAL) != 1) return Gone("send");
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> ReceiveMemory(int socket) {
  char greeting = 0;
  iovec bytes = {.iov_base = &greeting, .iov_len = 1};
  // Room for one descriptor: the kernel closes what does not fit.
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (received == 0) return absl::UnavailableError("shared memory: the peer has gone");
  if (received < 0) return Gone("receive");
  UniqueFd fd(DescriptorOf(&message));
  if (!fd || greeting != kGreeting) {
    return absl::InvalidArgumentError("shared memory: one descriptor expected, got none");
  }
  return fd;
}

absl::Status SendNumber(int socket, uint64_t number) {
  if (send(socket, &number, sizeof(number), MSG_NOSIGNAL) != sizeof(number)) return Gone("send");
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> ReceiveNumber(int socket) {
  uint64_t number = 0;
  const ssize_t received = recv(socket, &number, sizeof(number), MSG_WAITALL);
  if (received == sizeof(number)) return number;
  if (received < 0) return Gone("receive");
  return absl::UnavailableError("shared memory: the peer has gone");
}

}  // namespace paceline

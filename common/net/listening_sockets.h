// TCP sockets that listen on one address: one for each address that a host name has, all
// on the same port.
//
// A wildcard in any spelling means every interface, IPv6 and IPv4 where the machine has
// both. No other process can share the port (SO_REUSEPORT).
//
// Thread-compatible.
#ifndef PACELINE_COMMON_NET_LISTENING_SOCKETS_H_
#define PACELINE_COMMON_NET_LISTENING_SOCKETS_H_

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/daemon/address.h"

namespace paceline {

class ListeningSockets {
 public:
  // Port 0: any free one. `configure` is called with each socket before it is bound:
  // Linux gives its options to the connections that it accepts.
  // Errors:  Unavailable  "cannot listen on host:port: " and why.
  static absl::StatusOr<ListeningSockets> Open(const HostPort& address,
                                               const std::function<void(int fd)>& configure = {});

  ListeningSockets() = default;
  ListeningSockets(ListeningSockets&& other) noexcept { *this = std::move(other); }
  ListeningSockets& operator=(ListeningSockets&& other) noexcept {
    std::swap(fds_, other.fds_);
    std::swap(port_, other.port_);
    return *this;
  }
  ~ListeningSockets() { Close(); }

  // Non-blocking.
  const std::vector<int>& fds() const { return fds_; }
  int port() const { return port_; }

  void Close();

 private:
  std::vector<int> fds_;
  int port_ = 0;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_NET_LISTENING_SOCKETS_H_

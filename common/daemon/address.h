// Network addresses as users write them: "host:port", with brackets around an
// IPv6 address: "[::1]:7070".
//
// Thread-safe: values and pure functions.
#ifndef PACELINE_COMMON_DAEMON_ADDRESS_H_
#define PACELINE_COMMON_DAEMON_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline {

struct HostPort {
  // Without brackets.
  std::string host;
  // 0 to listen: any free port.
  int port = 0;

  // With brackets where needed.
  std::string ToString() const;
  bool operator==(const HostPort&) const = default;
};

// Errors: InvalidArgument  no host, no port, or a port beyond 65535.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view text);

// What others dial of a daemon that listens on `listen` and was given `bound_port`: what
// `advertise` leaves open is that.
HostPort Advertised(const HostPort& listen, const HostPort& advertise, int bound_port);

// "localhost", 127.0.0.0/8, ::1. Names are not looked up.
bool IsLoopback(absl::string_view host);

// 0.0.0.0 and ::, in any spelling: every interface, and nowhere to dial.
bool IsWildcard(absl::string_view host);

}  // namespace paceline

#endif  // PACELINE_COMMON_DAEMON_ADDRESS_H_

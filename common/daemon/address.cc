#include "common/daemon/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

bool ParseV4(absl::string_view host, in_addr* address) {
  return inet_pton(AF_INET, std::string(host).c_str(), address) == 1;
}

bool ParseV6(absl::string_view host, in6_addr* address) {
  return inet_pton(AF_INET6, std::string(host).c_str(), address) == 1;
}

}  // namespace

std::string HostPort::ToString() const {
  const bool v6 = absl::StrContains(host, ':');
  return absl::StrCat(v6 ? "[" : "", host, v6 ? "]:" : ":", port);
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view text) {
  const auto bad = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("address \"", text, "\": host:port expected: ", why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return bad("no port");
  absl::string_view host = text.substr(0, colon);
  const absl::string_view port = text.substr(colon + 1);
  in6_addr v6;
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
    if (!ParseV6(host, &v6)) return bad("no IPv6 address in the brackets");
  } else if (absl::StrContains(host, ':')) {
    return bad("an IPv6 address needs brackets");
  }
  if (host.empty()) return bad("no host");
  if (host.find_first_of(" /\t@") != absl::string_view::npos) return bad("not a host name");
  int number = -1;
  if (!absl::SimpleAtoi(port, &number) || number < 0 || number > 65535) {
    return bad("the port is a number from 0 to 65535");
  }
  return HostPort{std::string(host), number};
}

HostPort Advertised(const HostPort& listen, const HostPort& advertise, int bound_port) {
  return {.host = advertise.host.empty() ? listen.host : advertise.host,
          .port = advertise.port == 0 ? bound_port : advertise.port};
}

bool IsLoopback(absl::string_view host) {
  if (host == "localhost") return true;
  in_addr v4;
  if (ParseV4(host, &v4)) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  return ParseV6(host, &v6) && std::memcmp(&v6, &in6addr_loopback, sizeof(v6)) == 0;
}

bool IsWildcard(absl::string_view host) {
  in_addr v4;
  if (ParseV4(host, &v4)) return v4.s_addr == htonl(INADDR_ANY);
  in6_addr v6;
  return ParseV6(host, &v6) && std::memcmp(&v6, &in6addr_any, sizeof(v6)) == 0;
}

}  // namespace paceline

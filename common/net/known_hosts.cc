#include "common/net/known_hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace paceline {

void KnownHosts::Add(const std::string& host) {
  MutexLock lock(&mu_);
  if (!hosts_.insert(host).second) return;
  order_.push_back(host);
  if (order_.size() <= most_) return;
  hosts_.erase(order_.front());
  order_.pop_front();
}

bool KnownHosts::Has(const std::string& host) const {
  MutexLock lock(&mu_);
  return hosts_.contains(host);
}

std::string HostOf(const sockaddr_storage& peer) {
  char text[INET6_ADDRSTRLEN] = {};
  if (peer.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(peer);
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
  } else if (peer.ss_family == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
      inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof(text));
    } else {
      inet_ntop(AF_INET6, &address, text, sizeof(text));
    }
  }
  return text;
}

}  // namespace paceline

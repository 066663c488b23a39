// Hosts for which a listener keeps room, by their addresses: as many as `most`, of which
// the first one is forgotten for the next.
//
//   KnownHosts hosts;
//   hosts.Add("10.0.0.2");
//   hosts.Has(HostOf(peer))
//
// Thread-safe.
#ifndef PACELINE_COMMON_NET_KNOWN_HOSTS_H_
#define PACELINE_COMMON_NET_KNOWN_HOSTS_H_

#include <sys/socket.h>

#include <cstddef>
#include <deque>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "common/sync.h"

namespace paceline {

class KnownHosts {
 public:
  // Hosts of a large cluster; 64 bytes each or so.
  static constexpr std::size_t kMost = 4096;

  explicit KnownHosts(std::size_t most = kMost) : most_(most) {}

  // Nothing new if it is there.
  void Add(const std::string& host);
  bool Has(const std::string& host) const;

 private:
  const std::size_t most_;
  mutable Mutex mu_;
  absl::flat_hash_set<std::string> hosts_ ABSL_GUARDED_BY(mu_);
  // The same, oldest first.
  std::deque<std::string> order_ ABSL_GUARDED_BY(mu_);
};

// The address without its port: "10.0.0.2", also where it came as an IPv6 one (::ffff:10.0.0.2),
// "fd00::2". Empty: neither IPv4 nor IPv6.
std::string HostOf(const sockaddr_storage& peer);

}  // namespace paceline

#endif  // PACELINE_COMMON_NET_KNOWN_HOSTS_H_

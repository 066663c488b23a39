// Learns from which hosts a cluster's daemons and tasks call: by the calls with which they
// begin, if the authorizer let them in and their certificate is a scheduler's, server's or
// worker's. Calls of others, and those in the clear, teach nothing.
//
//   auto hosts = std::make_shared<KnownHosts>();
//   creators.push_back(LearnDaemonHosts(hosts));
//   builder.experimental().SetInterceptorCreators(std::move(creators));
//
// An interceptor, since gRPC tells an authorizer everything of a connection but its address.
// Calls of other methods have none, and cost nothing more; of those from a host that is known
// only the address is looked at.
//
// Thread-safe.
#ifndef PACELINE_COMMON_RPC_DAEMON_HOSTS_H_
#define PACELINE_COMMON_RPC_DAEMON_HOSTS_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/net/known_hosts.h"

namespace paceline {

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> LearnDaemonHosts(
    std::shared_ptr<KnownHosts> hosts);

// The host of what gRPC calls a peer, as HostOf has it: "10.0.0.2" of "ipv4:10.0.0.2:4711",
// "fd00::2" of "ipv6:%5Bfd00::2%5D:4711". Empty: something else.
std::string HostOfPeer(absl::string_view peer);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_DAEMON_HOSTS_H_

// gRPC channels and servers with the settings that a cluster needs, where gRPC's
// defaults are wrong for one: keepalive on both sides, messages up to 64 MiB,
// quick reconnects, no proxies from the environment, no two servers on one port.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_RPC_CHANNEL_H_
#define PACELINE_COMMON_RPC_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/rpc/tcp_options.h"

namespace paceline {

// The largest message that any side sends or accepts.
inline constexpr int kMaxMessageBytes = 64 << 20;

struct ChannelOptions {
  // A ping goes out after this time without traffic, and the connection is given
  // up when its answer, or the acknowledgement of anything sent, takes longer than
  // the timeout: longer than packets of a few KiB need on a slow link with a long
  // queue. Servers accept pings at kMinPingInterval or slower. A peer that has forgotten
  // the connection meanwhile is found out by the ping.
  absl::Duration keepalive_time = absl::Seconds(2);
  absl::Duration keepalive_timeout = absl::Seconds(6);
  // Of one attempt to connect, and from the start of one attempt to that of the next:
  // within the former a network that works again is in use again.
  absl::Duration connect_timeout = absl::Milliseconds(1500);
  absl::Duration max_reconnect_backoff = absl::Seconds(1);
  // Channels with different numbers never share a TCP connection, even to the
  // same address.
  int connection_number = 0;
  TcpOptions tcp = DefaultTcpOptions();
};

// Pings more frequent than this make a server close the connection.
inline constexpr absl::Duration kMinPingInterval = absl::Seconds(1);

// Returns at once; the channel connects with its first call. `address` is
// "host:port" or any gRPC target.
std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const ChannelOptions& options = {});

// Sets a builder up.
void ApplyServerDefaults(grpc::ServerBuilder* builder, const TcpOptions& tcp = DefaultTcpOptions());

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_CHANNEL_H_

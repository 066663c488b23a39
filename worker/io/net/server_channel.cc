#include "worker/io/net/server_channel.h"

#include <utility>

#include "common/rpc/channel.h"

namespace paceline::worker {
namespace {

// What a connection buffers of a few frames passes at 1 Mbit/s meanwhile.
constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr absl::Duration kPulseTimeout = absl::Seconds(4);
// Never that of a channel for calls: the connections are not shared.
constexpr int kPulseConnection = -1;

}  // namespace

ServerChannel::ServerChannel(std::string address, std::shared_ptr<RpcSecurity> security)
    : address_(std::move(address)),
      security_(std::move(security)),
      pulse_(Make(kPulseTimeout, kPulseConnection)) {
  Connect();
}

std::shared_ptr<grpc::Channel> ServerChannel::Make(absl::Duration keepalive_timeout,
                                                   int connection) const {
  ChannelOptions options;
  options.keepalive_timeout = keepalive_timeout;
  options.connection_number = connection;
  return MakeChannel(address_, security_->ChannelCredentials(Role::kServer), options);
}

void ServerChannel::Connect() {
  stub_ = std::make_shared<grpc::GenericStub>(Make(kPatience, connections_++));
}

bool ServerChannel::CheckLost(absl::Duration now) {
  const bool alive = pulse_->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY;
  if (alive || !last_alive_.has_value()) {
    last_alive_ = now;
    lost_ = false;
    return false;
  }
  if (lost_ || now - *last_alive_ < kPulseGrace) return false;
  lost_ = true;
  Connect();
  return true;
}

}  // namespace paceline::worker

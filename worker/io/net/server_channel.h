// The way to one server: a channel for calls and, beside it, a pulse: a connection
// that carries nothing but keepalive pings.
//
// Calls fill the queues of a slow link, and a ping behind them is late without
// anything being wrong. So the channel for calls is patient (20 s), and the pulse,
// which nothing holds up, tells a broken link from a slow one: a link counts as lost
// when the pulse has had no connection for kPulseGrace. Later calls then go by a new
// connection, which is in use as soon as the network works again; the old one would
// wait for TCP to send once more.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_IO_NET_SERVER_CHANNEL_H_
#define PACELINE_WORKER_IO_NET_SERVER_CHANNEL_H_

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/rpc/security.h"

namespace paceline::worker {

// A connection that was reset is made anew within this time.
inline constexpr absl::Duration kPulseGrace = absl::Seconds(2);

class ServerChannel {
 public:
  // Returns at once.
  explicit ServerChannel(std::string address,
                         std::shared_ptr<RpcSecurity> security = RpcSecurity::Insecure());

  const std::string& address() const { return address_; }
  // For the next call; calls that are under way hold theirs.
  std::shared_ptr<grpc::GenericStub> stub() const { return stub_; }

  // To be asked several times a second, with a monotonic clock. True once when the link
  // is lost: the calls under way are to be cancelled.
  bool CheckLost(absl::Duration now);

 private:
  std::shared_ptr<grpc::Channel> Make(absl::Duration keepalive_timeout, int connection) const;
  void Connect();

  const std::string address_;
  const std::shared_ptr<RpcSecurity> security_;
  const std::shared_ptr<grpc::Channel> pulse_;
  int connections_ = 0;
  std::shared_ptr<grpc::GenericStub> stub_;
  // Nothing: not asked yet.
  std::optional<absl::Duration> last_alive_;
  bool lost_ = false;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_NET_SERVER_CHANNEL_H_

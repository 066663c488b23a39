#include "common/rpc/grpc_listener.h"

#include <grpc/impl/codegen/grpc_types.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/daemon/descriptors.h"

namespace paceline {
namespace {

using ExternalConnectionType = grpc::ServerBuilder::experimental_type::ExternalConnectionType;

// What a peer may leave unacknowledged: as long as it may leave a ping unanswered
// (ApplyServerDefaults), so that a write to a dead host ends as soon.
constexpr int kUserTimeoutMs = 20'000;

void Set(int fd, int level, int option, int value) {
  // A connection with the system's defaults is better than none.
  (void)setsockopt(fd, level, option, &value, sizeof(value));
}

// What gRPC sets on sockets that it makes itself.
void Configure(int fd, const TcpOptions& tcp) {
  Set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (tcp.congestion.empty()) return;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, tcp.congestion.data(),
                   static_cast<socklen_t>(tcp.congestion.size()));
}

}  // namespace

uint64_t KeptConnections(uint64_t max_connections) {
  return std::min(std::max<uint64_t>(8, max_connections / 8), max_connections / 2);
}

absl::StatusOr<std::unique_ptr<GrpcListener>> GrpcListener::Bind(const Options& options) {
  std::unique_ptr<GrpcListener> listener(new GrpcListener);
  AcceptLoop::Options loop;
  loop.name = "grpc";
  loop.listen = options.listen;
  loop.most_connections =
      options.max_connections == 0 ? ConnectionLimits().grpc : options.max_connections;
  if (options.is_known) loop.kept = KeptConnections(loop.most_connections);
  loop.is_known = options.is_known;
  loop.configure = [tcp = options.tcp](int fd) { Configure(fd, tcp); };
  loop.accepted = [raw = listener.get()](int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = fd;
    raw->acceptor_->HandleNewConnection(&connection);
  };
  absl::StatusOr<std::unique_ptr<AcceptLoop>> accept = AcceptLoop::Listen(std::move(loop));
  if (!accept.ok()) {
    return absl::Status(accept.status().code(),
                        absl::StrCat("--listen: ", accept.status().message()));
  }
  listener->loop_ = *std::move(accept);
  return listener;
}

GrpcListener::~GrpcListener() {
  if (loop_ != nullptr) loop_->Stop();
}

void GrpcListener::Register(grpc::ServerBuilder* builder,
                            const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                              static_cast<int>(absl::ToInt64Milliseconds(kHandshakeTime)));
  acceptor_ = builder->experimental().AddExternalConnectionAcceptor(ExternalConnectionType::FROM_FD,
                                                                    credentials);
}

}  // namespace paceline

// Puts TcpOptions on the sockets of gRPC.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_RPC_SOCKET_MUTATOR_H_
#define PACELINE_COMMON_RPC_SOCKET_MUTATOR_H_

#include <grpcpp/server_builder.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/rpc/tcp_options.h"

namespace paceline {

// For every connection that a channel makes, or a server accepts.
void ApplyTcpOptions(const TcpOptions& options, grpc::ChannelArguments* arguments);
void ApplyTcpOptions(const TcpOptions& options, grpc::ServerBuilder* builder);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_SOCKET_MUTATOR_H_

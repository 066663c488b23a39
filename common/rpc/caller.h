// Who makes a call.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_RPC_CALLER_H_
#define PACELINE_COMMON_RPC_CALLER_H_

#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include "absl/status/statusor.h"
#include "common/security/identity.h"

namespace paceline {

// Of the certificate that the other side of a TLS connection has shown and gRPC verified.
// Errors: Unauthenticated  it names nobody, or there is none.
absl::StatusOr<Identity> PeerIdentity(const grpc::AuthContext& connection);

// The identity in the peer's verified certificate. Over a connection without TLS, which
// only a cluster without certificates serves: an admin without a name.
Identity CallerOf(const grpc::ServerContextBase& context);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_CALLER_H_

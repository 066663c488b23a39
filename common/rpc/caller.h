// Who makes a call.
//
// Thread-safe: functions without state.
#ifndef PACELINE_COMMON_RPC_CALLER_H_
#define PACELINE_COMMON_RPC_CALLER_H_

#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include "common/security/identity.h"

namespace paceline {

// The identity in the peer's verified certificate. Over a connection without one, which
// only a cluster without certificates serves: an admin without a name.
Identity CallerOf(const grpc::ServerContextBase& context);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_CALLER_H_

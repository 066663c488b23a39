// The error of one call of a stream (data.proto): what gRPC's status is to a call of its own.
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_RPC_CALL_ERROR_H_
#define PACELINE_COMMON_RPC_CALL_ERROR_H_

#include "absl/status/status.h"
#include "proto/data.pb.h"

namespace paceline {

// `status` is not OK. Cut and with details as ToGrpcStatus has them (grpc_status.h).
v1::CallError ToCallError(const absl::Status& status);
absl::Status FromCallError(const v1::CallError& error);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_CALL_ERROR_H_

// absl::Status to grpc::Status and back, here and nowhere else.
//
// The codes are the same sixteen. A message longer than 3 KiB is cut, since gRPC
// drops a whole status whose metadata exceed 8 KiB. The binary error details
// travel as a payload of the absl::Status: a serialised message of the caller's
// choice.
//
//   absl::Status status = absl::FailedPreconditionError("epoch 12 required, got 11");
//   SetErrorDetails(&status, refusal.SerializeAsString());
//   return ToGrpcStatus(status);                       // in a server
//   ErrorDetails(FromGrpcStatus(context_status))       // in a client
//
// Thread-safe: pure functions.
#ifndef PACELINE_COMMON_RPC_GRPC_STATUS_H_
#define PACELINE_COMMON_RPC_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace paceline {

grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

// At most 2 KiB, or gRPC may drop the status. No effect on OK.
void SetErrorDetails(absl::Status* status, absl::string_view details);
// Empty if there are none.
std::string ErrorDetails(const absl::Status& status);

}  // namespace paceline

#endif  // PACELINE_COMMON_RPC_GRPC_STATUS_H_

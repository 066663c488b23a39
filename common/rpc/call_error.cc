#include "common/rpc/call_error.h"

#include <grpcpp/support/status.h>

#include "common/check.h"
#include "common/rpc/grpc_status.h"

namespace paceline {

v1::CallError ToCallError(const absl::Status& status) {
  PL_CHECK(!status.ok());
  const grpc::Status from = ToGrpcStatus(status);
  v1::CallError error;
  error.set_code(from.error_code());
  error.set_message(from.error_message());
  error.set_details(from.error_details());
  return error;
}

absl::Status FromCallError(const v1::CallError& error) {
  if (error.code() == grpc::StatusCode::OK) {
    return absl::UnknownError("an error with the code of none");
  }
  return FromGrpcStatus(
      grpc::Status(static_cast<grpc::StatusCode>(error.code()), error.message(), error.details()));
}

}  // namespace paceline

#include "common/rpc/call_error.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/rpc/grpc_status.h"
#include "common/status/status_matchers.h"

namespace paceline {
namespace {

TEST_CASE("an error comes back as it went, with its details") {
  absl::Status status = absl::FailedPreconditionError("epoch: 12 expected, got 11");
  SetErrorDetails(&status, std::string("\x01\x00\x02", 3));
  const v1::CallError error = ToCallError(status);
  CHECK(error.code() == 9);
  const absl::Status back = FromCallError(error);
  CHECK_STATUS(back, absl::StatusCode::kFailedPrecondition, "epoch: 12 expected");
  CHECK(ErrorDetails(back) == std::string("\x01\x00\x02", 3));
}

TEST_CASE("an error that says it is none is an error all the same") {
  CHECK_STATUS(FromCallError(v1::CallError()), absl::StatusCode::kUnknown, "none");
}

}  // namespace
}  // namespace paceline

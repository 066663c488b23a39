#include "common/rpc/grpc_status.h"

#include <catch2/catch.hpp>
#include <string>

namespace paceline {
namespace {

TEST_CASE("every code survives the way there and back") {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "shard 7");
    const grpc::Status wire = ToGrpcStatus(status);
    CHECK(wire.error_code() == code);
    CHECK(FromGrpcStatus(wire) == status);
  }
  CHECK(ToGrpcStatus(absl::NotFoundError("x")).error_code() == grpc::StatusCode::NOT_FOUND);
}

TEST_CASE("an unknown code from a peer becomes UNKNOWN") {
  const grpc::Status odd(static_cast<grpc::StatusCode>(25), "odd");
  CHECK(FromGrpcStatus(odd) == absl::UnknownError("odd"));
}

TEST_CASE("binary details pass through") {
  const std::string details("\0\x01zwei\xff", 7);
  absl::Status status = absl::FailedPreconditionError("epoch");
  SetErrorDetails(&status, details);
  CHECK(ToGrpcStatus(status).error_details() == details);
  CHECK(ErrorDetails(FromGrpcStatus(ToGrpcStatus(status))) == details);
  CHECK(ErrorDetails(absl::NotFoundError("none")).empty());
}

TEST_CASE("a message too long for gRPC is cut") {
  const grpc::Status wire = ToGrpcStatus(absl::InternalError(std::string(100'000, 'x')));
  CHECK(wire.error_message().size() < 4096);
  CHECK(wire.error_message().substr(3 << 10) == "...");
}

}  // namespace
}  // namespace paceline

// Typed refusals of the data plane: an absl::Status with a v1::Refusal as payload.
//
// The server builds them, the status conversion of common/rpc carries the payload
// in the status details, the client reads them back and acts by kind:
//
//   kind                code                 client
//   STALE_TIMELINE      FailedPrecondition   reopens on the scheduler's timeline
//   STALE_EPOCH         FailedPrecondition   refreshes the shard map
//   STALE_INCARNATION   FailedPrecondition   stops
//   RANK_NOT_OPEN       FailedPrecondition   opens the rank
//   OUT_OF_ORDER        FailedPrecondition   reopens; a bug if it lasts
//   NOT_YET             Unavailable          asks again
//   UNKNOWN_CODEC       InvalidArgument      a bug
//   UNKNOWN_JOB         NotFound             refreshes the shard map
//   INVALID             InvalidArgument      a bug
//   NON_FINITE          InvalidArgument      the job fails
//   LIMIT               ResourceExhausted    the job fails, or backs off
//   UNKNOWN_KEY_LIST    FailedPrecondition   sends the keys
#ifndef PACELINE_COMMON_REFUSAL_REFUSAL_H_
#define PACELINE_COMMON_REFUSAL_REFUSAL_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/data.pb.h"

namespace paceline {

// URL of the payload on an absl::Status: the one that common/rpc/grpc_status.h
// carries in the status details of gRPC, so that a refusal crosses the wire.
inline constexpr absl::string_view kRefusalUrl = "paceline/grpc-status-details-bin";

// The status code of a kind; Internal for an unknown one.
absl::StatusCode RefusalCode(v1::Refusal::Kind kind);

// A status with the code of the refusal's kind, this message, and the refusal.
absl::Status RefusalStatus(const v1::Refusal& refusal, absl::string_view message);

// Of a kind where two values differ: "<what>: <expected> expected, got <got>".
absl::Status MismatchStatus(v1::Refusal::Kind kind, absl::string_view what, uint64_t expected,
                            uint64_t got);

// INVALID with this message.
absl::Status InvalidStatus(absl::string_view message);

// The refusal that a status carries, if it carries one.
std::optional<v1::Refusal> RefusalOf(const absl::Status& status);

// The kind that a status carries, or KIND_UNSPECIFIED.
v1::Refusal::Kind RefusalKindOf(const absl::Status& status);

}  // namespace paceline

#endif  // PACELINE_COMMON_REFUSAL_REFUSAL_H_

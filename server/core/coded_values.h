// Values of a shard as they travel: float32 here, whatever the wire's codec is.
//
// Thread-safe: pure functions.
#ifndef PACELINE_SERVER_CORE_CODED_VALUES_H_
#define PACELINE_SERVER_CORE_CODED_VALUES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "server/core/payload.h"

namespace paceline::server {

// Errors:  UNKNOWN_CODEC  this server does not have it; names the shard.
absl::Status CheckCodec(v1::Codec codec, uint32_t shard);

// The float32 values in EncodedBytes(codec, values) bytes: the same bytes under FLOAT32,
// else new ones.
// Errors:  LIMIT  no memory for them.
absl::StatusOr<Payload> DecodeValues(v1::Codec codec, const Payload& bytes, uint64_t values);

// The reverse, of float32 values in memory.
// Errors:  as DecodeValues.
absl::StatusOr<Piece> EncodeValues(v1::Codec codec, Piece floats);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_CODED_VALUES_H_

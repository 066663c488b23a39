// Values of a shard as they travel: float32 here, whatever the wire's codec is.
//
// Thread-safe: pure functions.
#ifndef PACELINE_SERVER_CORE_CODED_VALUES_H_
#define PACELINE_SERVER_CORE_CODED_VALUES_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "server/core/payload.h"

namespace paceline::server {

// Whether a shard takes gradients, or gives its rows, as `codec`.
// Errors:  UNKNOWN_CODEC  it does not; names the shard and what it takes.
absl::Status CheckPushCodec(v1::Codec codec, bool dense, uint32_t shard);
absl::Status CheckPullCodec(v1::Codec codec, bool dense, uint32_t shard);

// The float32 values in EncodedBytes(codec, values) bytes: the same bytes under FLOAT32,
// else new ones. Any codec but TOPK and DELTA.
// Errors:  LIMIT  no memory for them.
absl::StatusOr<Payload> DecodeValues(v1::Codec codec, const Payload& bytes, uint64_t values);

// All float32 values of a shard, of which IndexedBytes(kept) bytes hold `kept` ones; the
// rest is 0.
// Errors:  as DecodeValues; InvalidArgument  indices that are not ascending, distinct and
//          within the shard.
absl::StatusOr<Payload> DecodeIndexedValues(const Payload& bytes, uint64_t kept, uint64_t values);

// The reverse of DecodeValues, of float32 values in memory.
// Errors:  as DecodeValues.
absl::StatusOr<Piece> EncodeValues(v1::Codec codec, Piece floats);

// Values of `now` that differ from those of `base`, IndexedBytes(count) bytes.
struct Changes {
  uint64_t count = 0;
  Piece bytes;
};
// Nothing: they take no less than half of the bytes of all values.
// Errors:  as DecodeValues.
absl::StatusOr<std::optional<Changes>> EncodeChanges(const Piece& base, const Piece& now);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_CODED_VALUES_H_

// The keys of a request on a sparse bucket.
//
// Thread-safe: pure functions.
#ifndef PACELINE_SERVER_CORE_ROWS_KEYS_H_
#define PACELINE_SERVER_CORE_ROWS_KEYS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/node.pb.h"
#include "server/core/rows/byte_view.h"

namespace paceline::server {

// Reads `count` keys (uint64) from `bytes` for the bucket of `shard`.
// Errors:  InvalidArgument  a size other than 8 * count, keys that are not
//                           ascending and distinct, a key of another bucket.
absl::StatusOr<std::vector<uint64_t>> DecodeKeys(const v1::ShardSpec& shard, const ByteView& bytes,
                                                 uint64_t count);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_ROWS_KEYS_H_

// One shard's part of a push, taken from the bytes of its frame and checked: what
// is left to fail later is memory alone.
//
//   dense   rows * dim values, all rows of the shard; topk: some of them (the rest is 0)
//   sparse  rows uint64 keys, which KeyLists takes, then rows * dim values
//
// float32 values stay where they were received, others are decoded; whether they are
// finite is seen by the pass that applies them.
#ifndef PACELINE_SERVER_CORE_GRADIENT_H_
#define PACELINE_SERVER_CORE_GRADIENT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "proto/data.pb.h"
#include "proto/node.pb.h"
#include "server/core/payload.h"
#include "server/core/shared_keys.h"

namespace paceline::server {

// An update of one shard. Without values: an empty one, which takes no step.
struct Gradient {
  // sparse: ascending and distinct. dense: none.
  SharedKeys keys;
  // [keys or the shard's rows, dim] float32, little-endian.
  Payload values;

  bool empty() const { return values.size() == 0; }
  // Bytes that it holds while it waits for its round.
  uint64_t bytes() const { return values.size() + keys.size() * sizeof(uint64_t); }
};

// Bytes of a push block's values, which follow its keys where the payload has them.
// Errors:  UNKNOWN_CODEC
//          INVALID  dense: rows other than the shard's; keys and values take more than
//                   `available` bytes.
absl::StatusOr<uint64_t> ValueBytes(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                    const v1::PushBlock& block, uint64_t available);

// Takes a block's values from `bytes`, whose size ValueBytes gave: all of them float32.
// Errors:  INVALID  topk: indices that are not ascending, distinct and within the shard.
//          LIMIT    no memory for decoded values.
absl::StatusOr<Payload> ParseValues(const v1::TableSpec& table, const v1::ShardSpec& shard,
                                    const v1::PushBlock& block, const Payload& bytes);

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_GRADIENT_H_

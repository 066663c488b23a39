// The keys of sparse blocks, and the lists of keys that each rank need not send again.
//
// A block brings its keys, or names the list that it brought before (common/key_lists).
// What a rank named last is remembered, up to kMostKeyListBytes of it, until the rank
// opens anew or finishes. Lists count in the memory budget, of which they never take the
// last quarter: as tables grow into that, lists go. A list that has no room is not
// remembered, and the rank sends its keys: that is all.
//
// Thread-safe: one lock.
#ifndef PACELINE_SERVER_CORE_KEY_LISTS_H_
#define PACELINE_SERVER_CORE_KEY_LISTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/key_lists/key_list.h"
#include "common/key_lists/recent_key_lists.h"
#include "common/sync.h"
#include "proto/data.pb.h"
#include "proto/node.pb.h"
#include "server/core/payload.h"
#include "server/core/rows/memory_budget.h"
#include "server/core/shared_keys.h"

namespace paceline::server {

// What a block says of its keys.
struct BlockKeys {
  // dense: 0.
  uint64_t count = 0;
  // Hash of the keys. 0: they are not to be remembered.
  uint64_t list = 0;
  // The payload does not have them.
  bool held = false;

  static BlockKeys Of(const v1::PullBlock& block);
  static BlockKeys Of(const v1::PushBlock& block, bool dense);

  // In the payload; `count` is at most SIZE_MAX / 8.
  uint64_t bytes() const { return held ? 0 : count * sizeof(uint64_t); }
};

class KeyLists {
 public:
  // `memory` outlives it.
  KeyLists(uint32_t ranks, MemoryBudget* memory, uint64_t most_bytes_per_rank = kMostKeyListBytes);

  // The keys of a block for `shard`, taken from `bytes`, block.bytes() of them, or from
  // memory. None if the table is dense.
  // Errors:  INVALID           keys that are not ascending and distinct, or of another
  //                            bucket; another number or hash than the block says; keys
  //                            for a dense shard; held keys without the name of a list.
  //          UNKNOWN_KEY_LIST  held keys that are not here (any more).
  absl::StatusOr<SharedKeys> Take(uint32_t rank, const v1::TableSpec& table,
                                  const v1::ShardSpec& shard, const BlockKeys& block,
                                  const Payload& bytes);

  void Forget(uint32_t rank);

  // Blocks whose keys came from memory.
  uint64_t hits() const;

 private:
  struct Held {
    SharedKeys keys;
    std::shared_ptr<const void> memory;
  };

  absl::StatusOr<SharedKeys> Find(uint32_t rank, uint32_t shard, const BlockKeys& block);
  void Remember(uint32_t rank, uint32_t shard, uint64_t list, const SharedKeys& keys);
  // Drops lists until so many bytes more would leave the tables their quarter; false if
  // they would not even then.
  bool MakeRoom(uint64_t bytes, RecentKeyLists<Held>* lists) const;

  MemoryBudget* const memory_;
  mutable Mutex mu_;
  std::vector<RecentKeyLists<Held>> ranks_ ABSL_GUARDED_BY(mu_);
  uint64_t hits_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace paceline::server

#endif  // PACELINE_SERVER_CORE_KEY_LISTS_H_

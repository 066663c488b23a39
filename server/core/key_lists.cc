#include "server/core/key_lists.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/refusal/refusal.h"
#include "server/core/rows/keys.h"

namespace paceline::server {
namespace {

absl::Status Refuse(v1::Refusal::Kind kind, uint32_t shard, absl::string_view what) {
  v1::Refusal refusal;
  refusal.set_kind(kind);
  refusal.set_shard(shard);
  return RefusalStatus(refusal, absl::StrCat("shard ", shard, ": ", what));
}

uint64_t HashOf(absl::Span<const uint64_t> keys) {
  return KeyListHash({reinterpret_cast<const char*>(keys.data()), keys.size() * sizeof(uint64_t)});
}

}  // namespace

BlockKeys BlockKeys::Of(const v1::PullBlock& block) {
  return {.count = block.keys(), .list = block.key_list(), .held = block.keys_held()};
}

BlockKeys BlockKeys::Of(const v1::PushBlock& block, bool dense) {
  return {.count = dense ? 0 : block.rows(), .list = block.key_list(), .held = block.keys_held()};
}

KeyLists::KeyLists(uint32_t ranks, MemoryBudget* memory, uint64_t most_bytes_per_rank)
    : memory_(memory) {
  for (uint32_t rank = 0; rank < ranks; ++rank) ranks_.emplace_back(most_bytes_per_rank);
}

absl::StatusOr<SharedKeys> KeyLists::Take(uint32_t rank, const v1::TableSpec& table,
                                          const v1::ShardSpec& shard, const BlockKeys& block,
                                          const Payload& bytes) {
  const uint32_t id = shard.shard();
  if (table.kind() == v1::TABLE_KIND_DENSE) {
    if (block.count == 0 && block.list == 0 && !block.held) return SharedKeys();
    return Refuse(v1::Refusal::INVALID, id,
                  absl::StrCat("dense, no keys expected, got ", block.count, " or a key list"));
  }
  if (block.held) return Find(rank, id, block);
  absl::StatusOr<std::vector<uint64_t>> decoded = DecodeKeys(shard, bytes.View(), block.count);
  if (!decoded.ok()) return Refuse(v1::Refusal::INVALID, id, decoded.status().message());
  if (block.list == 0) return SharedKeys(*std::move(decoded));
  if (const uint64_t hash = HashOf(*decoded); hash != block.list) {
    return Refuse(v1::Refusal::INVALID, id,
                  absl::StrCat("a key list with hash ", hash, " expected, got ", block.list));
  }
  SharedKeys keys(*std::move(decoded));
  Remember(rank, id, block.list, keys);
  return keys;
}

absl::StatusOr<SharedKeys> KeyLists::Find(uint32_t rank, uint32_t shard, const BlockKeys& block) {
  if (block.list == 0) {
    return Refuse(v1::Refusal::INVALID, shard, "held keys: the name of their list expected");
  }
  SharedKeys keys;
  {
    MutexLock lock(&mu_);
    const Held* const held = ranks_[rank].Use(shard, block.list);
    if (held == nullptr) {
      return Refuse(v1::Refusal::UNKNOWN_KEY_LIST, shard,
                    absl::StrCat("key list ", block.list, " is not held here, send its keys"));
    }
    keys = held->keys;
    if (keys.size() == block.count) ++hits_;
    MakeRoom(0, &ranks_[rank]);
  }
  if (keys.size() == block.count) return keys;
  return Refuse(v1::Refusal::INVALID, shard,
                absl::StrCat("key list ", block.list, ": ", keys.size(), " keys expected, got ",
                             block.count));
}

void KeyLists::Remember(uint32_t rank, uint32_t shard, uint64_t list, const SharedKeys& keys) {
  const uint64_t bytes = KeyListBytes(keys.size());
  MutexLock lock(&mu_);
  RecentKeyLists<Held>& lists = ranks_[rank];
  if (lists.Use(shard, list) != nullptr) return;
  if (!MakeRoom(bytes, &lists)) return;
  absl::StatusOr<std::shared_ptr<const void>> memory =
      memory_->Hold(bytes, absl::StrCat("key lists of rank ", rank));
  if (!memory.ok()) return;
  lists.Add(shard, list, bytes, Held{.keys = keys, .memory = *std::move(memory)});
}

bool KeyLists::MakeRoom(uint64_t bytes, RecentKeyLists<Held>* lists) const {
  const uint64_t limit = memory_->limit();
  if (limit == 0) return true;
  while (memory_->used() + bytes > limit / 4 * 3) {
    if (!lists->RemoveOldest()) return false;
  }
  return true;
}

void KeyLists::Forget(uint32_t rank) {
  MutexLock lock(&mu_);
  ranks_[rank].Clear();
}

uint64_t KeyLists::hits() const {
  MutexLock lock(&mu_);
  return hits_;
}

}  // namespace paceline::server

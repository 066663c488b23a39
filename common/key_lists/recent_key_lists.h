// The key lists of one rank that were used last, as many as fit into a number of bytes.
// Server and rank keep the same ones by the same rule, each with a `Value` of its own;
// what calls that overlap do to the order is all that differs.
//
// Thread-compatible.
#ifndef PACELINE_COMMON_KEY_LISTS_RECENT_KEY_LISTS_H_
#define PACELINE_COMMON_KEY_LISTS_RECENT_KEY_LISTS_H_

#include <cstdint>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace paceline {

template <typename Value>
class RecentKeyLists {
 public:
  explicit RecentKeyLists(uint64_t most_bytes) : most_bytes_(most_bytes) {}
  RecentKeyLists(RecentKeyLists&&) = default;

  // The list's value; it is the most recent one now. Null: it is not here. Valid until
  // the next call.
  const Value* Use(uint32_t shard, uint64_t hash) {
    const auto found = by_name_.find({shard, hash});
    if (found == by_name_.end()) return nullptr;
    lists_.splice(lists_.begin(), lists_, found->second);
    return &found->second->value;
  }

  // Adds a list that is not here, in place of the oldest ones; nothing if it does not
  // fit even alone.
  void Add(uint32_t shard, uint64_t hash, uint64_t bytes, Value value) {
    if (bytes > most_bytes_ || Use(shard, hash) != nullptr) return;
    while (bytes > most_bytes_ - bytes_) RemoveOldest();
    lists_.push_front(List{.name = {shard, hash}, .bytes = bytes, .value = std::move(value)});
    by_name_[lists_.front().name] = lists_.begin();
    bytes_ += bytes;
  }

  // False: there is none.
  bool RemoveOldest() {
    if (lists_.empty()) return false;
    bytes_ -= lists_.back().bytes;
    by_name_.erase(lists_.back().name);
    lists_.pop_back();
    return true;
  }

  void Clear() {
    by_name_.clear();
    lists_.clear();
    bytes_ = 0;
  }

  uint64_t bytes() const { return bytes_; }

 private:
  // Shard, hash.
  using Name = std::pair<uint32_t, uint64_t>;
  struct List {
    Name name;
    uint64_t bytes = 0;
    Value value;
  };

  uint64_t most_bytes_;
  uint64_t bytes_ = 0;
  // The most recent one first.
  std::list<List> lists_;
  absl::flat_hash_map<Name, typename std::list<List>::iterator> by_name_;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_KEY_LISTS_RECENT_KEY_LISTS_H_

#include "server/core/rows/waiting_keys.h"

#include <algorithm>
#include <utility>

namespace paceline::server {
namespace {

// 25 bytes a place of a flat_hash_map, of which at least 7/16 are in use once it has grown.
constexpr uint64_t kBytesPerKey = 58;

}  // namespace

uint32_t WaitingKeys::Count(uint64_t key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? 0 : found->second.count;
}

void WaitingKeys::Name(uint64_t key, uint64_t clock) {
  Named& named = keys_[key];
  ++named.count;
  named.used = clock;
}

void WaitingKeys::Trim() {
  if (keys_.size() <= kMostWaiting) return;
  std::vector<std::pair<uint64_t, uint64_t>> order;
  order.reserve(keys_.size());
  for (const auto& [key, named] : keys_) order.push_back({named.used, key});
  const auto stays = order.end() - static_cast<std::ptrdiff_t>(kMostWaiting / 2);
  std::nth_element(order.begin(), stays, order.end());
  for (auto gone = order.begin(); gone != stays; ++gone) keys_.erase(gone->second);
}

WaitingKeys::Snapshot WaitingKeys::Copy() const {
  Snapshot copy;
  copy.keys.reserve(keys_.size());
  for (const auto& [key, named] : keys_) copy.keys.push_back(key);
  std::sort(copy.keys.begin(), copy.keys.end());
  for (const uint64_t key : copy.keys) {
    const Named& named = keys_.at(key);
    copy.counts.push_back(named.count);
    copy.used.push_back(named.used);
  }
  return copy;
}

void WaitingKeys::Restore(const Snapshot& state) {
  keys_.clear();
  keys_.reserve(state.keys.size());
  for (size_t i = 0; i < state.keys.size(); ++i) {
    keys_[state.keys[i]] =
        Named{.used = state.used[i], .count = static_cast<uint32_t>(state.counts[i])};
  }
}

uint64_t WaitingKeys::BytesFor(uint64_t keys) { return keys * kBytesPerKey; }

}  // namespace paceline::server

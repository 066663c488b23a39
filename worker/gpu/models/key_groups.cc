#include "worker/gpu/models/key_groups.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace paceline::worker {

KeyGroups GroupByKey(const Batch& batch, uint32_t fields) {
  // By key, then by place.
  std::vector<std::pair<uint64_t, uint32_t>> order;
  order.reserve(batch.size() * fields);
  for (uint64_t i = 0; i < batch.size(); ++i) {
    for (uint32_t f = 0; f < fields; ++f) {
      order.emplace_back(batch.indices[i * batch.fields + f],
                         static_cast<uint32_t>(i * fields + f));
    }
  }
  std::sort(order.begin(), order.end());
  KeyGroups groups;
  groups.places.reserve(order.size());
  for (const auto& [key, place] : order) {
    if (groups.keys.empty() || groups.keys.back() != key) {
      groups.keys.push_back(key);
      groups.offsets.push_back(static_cast<uint32_t>(groups.places.size()));
    }
    groups.places.push_back(place);
  }
  groups.offsets.push_back(static_cast<uint32_t>(groups.places.size()));
  return groups;
}

std::vector<uint64_t> KeysInBlocks(const Batch& batch, uint32_t fields) {
  std::vector<uint64_t> keys;
  keys.reserve(batch.indices.size());
  const auto add = [&](uint32_t begin, uint32_t end) {
    for (uint64_t i = 0; i < batch.size(); ++i) {
      const auto record = batch.indices.begin() + static_cast<std::ptrdiff_t>(i * batch.fields);
      keys.insert(keys.end(), record + begin, record + end);
    }
  };
  add(0, fields);
  add(fields, batch.fields);
  return keys;
}

}  // namespace paceline::worker

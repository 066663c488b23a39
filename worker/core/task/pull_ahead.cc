#include "worker/core/task/pull_ahead.h"

#include <algorithm>

namespace paceline::worker {

bool AnotherFollows(uint64_t iteration, uint64_t available, bool complete) {
  return !complete || iteration + 1 < available;
}

bool PulledAhead(const ShardLayout& layout, uint32_t table) {
  if (layout.sparse(table)) return false;
  const v1::Codec codec = layout.pull_codec(table);
  return codec != v1::CODEC_DELTA && codec != v1::CODEC_AUTO;
}

std::vector<TableNeeds> NeedsAhead(const ShardLayout& layout, const v1::PushRequest& push) {
  std::vector<TableNeeds> needs(layout.tables(), {.all = false, .missing = {}});
  for (const v1::PushBlock& block : push.blocks()) {
    const ShardLayout::Place place = layout.place(block.shard());
    if (PulledAhead(layout, place.table)) needs[place.table].missing.push_back(place.index);
  }
  for (TableNeeds& need : needs) std::sort(need.missing.begin(), need.missing.end());
  return needs;
}

std::vector<TableNeeds> NeedsLeft(const ShardLayout& layout, const std::vector<bool>& asked) {
  std::vector<TableNeeds> needs(layout.tables());
  for (uint32_t table = 0; table < layout.tables(); ++table) {
    if (!PulledAhead(layout, table)) continue;
    needs[table].all = false;
    const auto shards = layout.shards(table);
    for (uint32_t index = 0; index < shards.size(); ++index) {
      if (!asked[shards[index].shard]) needs[table].missing.push_back(index);
    }
  }
  return needs;
}

}  // namespace paceline::worker

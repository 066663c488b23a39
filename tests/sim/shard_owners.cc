#include "tests/sim/shard_owners.h"

#include "absl/strings/str_cat.h"

namespace paceline::sim {

void ShardOwners::Placed(const v1::ShardMap& map) {
  const World world = {map.job_id(), map.timeline(), map.epoch()};
  for (const v1::ShardSpec& shard : map.shards()) {
    const v1::ShardServer& server = map.servers(static_cast<int>(shard.server()));
    Find(world, shard.shard(), {server.node_id(), server.incarnation()}, "is given");
  }
}

void ShardOwners::Serves(const World& world, uint32_t shard, const Owner& owner, uint64_t opening) {
  Entry* entry = Find(world, shard, owner, "serves");
  if (entry == nullptr) return;
  if (entry->opening == 0) entry->opening = opening;
  if (entry->opening == opening || !breach_.empty()) return;
  breach_ = absl::StrCat("node ", owner.node_id, " has opened shard ", shard, " of job ",
                         world.job_id, " twice in timeline ", world.timeline, ", epoch ",
                         world.epoch, ": what it had applied is lost");
}

ShardOwners::Entry* ShardOwners::Find(const World& world, uint32_t shard, const Owner& owner,
                                      const char* does) {
  const auto key = std::make_tuple(world.job_id, world.timeline, world.epoch, shard);
  Entry& entry = owners_.try_emplace(key, Entry{.owner = owner}).first->second;
  if (entry.owner == owner) return &entry;
  if (breach_.empty()) {
    breach_ = absl::StrCat("node ", owner.node_id, ", incarnation ", owner.incarnation, ", ", does,
                           " shard ", shard, " of job ", world.job_id, " in timeline ",
                           world.timeline, ", epoch ", world.epoch, ", which is of node ",
                           entry.owner.node_id, ", incarnation ", entry.owner.incarnation);
  }
  return nullptr;
}

}  // namespace paceline::sim

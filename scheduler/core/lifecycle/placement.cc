#include "scheduler/core/lifecycle/placement.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "common/tables/sharding.h"
#include "scheduler/core/admission/tenant_limits.h"
#include "scheduler/core/lifecycle/end_job.h"
#include "scheduler/core/nodes/links.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/nodes/memory.h"
#include "scheduler/core/ranks/waiting.h"
#include "scheduler/core/stored_cuts/best_cut.h"

namespace paceline::scheduler {
namespace {

// As many servers as ServersFor says: of those that are reached and have the memory, the
// ones with the fewest bytes. Empty if there are not so many.
std::vector<const v1::NodeRecord*> ChooseServers(const View& view, const v1::JobRecord& job) {
  const size_t count = ServersFor(view, job);
  if (count == 0 || !NoMemory(view, job, static_cast<uint32_t>(count)).empty()) return {};
  const uint64_t need = MemoryNeed(job.spec(), job.facts());
  const uint64_t share = (need + count - 1) / count;
  std::vector<std::pair<uint64_t, const v1::NodeRecord*>> by_bytes;
  for (const v1::NodeRecord* server : ReachedServers(view, count)) {
    if (FreeMemory(view, *server, job) < share) continue;
    by_bytes.emplace_back(PlacedBytes(view.state, server->node_id()), server);
  }
  std::stable_sort(by_bytes.begin(), by_bytes.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const v1::NodeRecord*> servers;
  for (size_t i = 0; i < count && i < by_bytes.size(); ++i) servers.push_back(by_bytes[i].second);
  return servers;
}

}  // namespace

std::vector<uint32_t> SpreadBytes(absl::Span<const uint64_t> shard_bytes, uint32_t servers) {
  std::vector<uint32_t> order(shard_bytes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return shard_bytes[a] > shard_bytes[b]; });
  // Fewest bytes first; of equals the smaller index.
  using Load = std::pair<uint64_t, uint32_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<Load>> loads;
  for (uint32_t server = 0; server < servers; ++server) loads.push({0, server});
  std::vector<uint32_t> placed(shard_bytes.size());
  for (const uint32_t shard : order) {
    const auto [bytes, server] = loads.top();
    loads.pop();
    placed[shard] = server;
    // An empty shard still counts for something, or all would go to one server.
    loads.push({bytes + std::max<uint64_t>(shard_bytes[shard], 1), server});
  }
  return placed;
}

absl::StatusOr<v1::ShardMap> PlaceShards(const v1::JobRecord& job,
                                         absl::Span<const v1::NodeRecord* const> servers,
                                         uint64_t timeline, uint64_t epoch) {
  const std::vector<v1::TableSpec> tables(job.facts().tables().begin(), job.facts().tables().end());
  PL_ASSIGN_OR_RETURN(std::vector<v1::ShardSpec> shards, CutTables(tables));
  std::vector<uint64_t> bytes;
  bytes.reserve(shards.size());
  for (const v1::ShardSpec& shard : shards) {
    bytes.push_back(ShardBytes(tables[shard.table()], shard));
  }
  // With fewer shards than servers, the first so many get one each.
  const size_t used = std::min(servers.size(), shards.size());
  const std::vector<uint32_t> placed = SpreadBytes(bytes, static_cast<uint32_t>(used));

  v1::ShardMap map;
  map.set_job_id(job.job_id());
  map.set_timeline(timeline);
  map.set_epoch(epoch);
  *map.mutable_tables() = job.facts().tables();
  for (size_t i = 0; i < shards.size(); ++i) {
    shards[i].set_server(placed[i]);
    *map.add_shards() = std::move(shards[i]);
  }
  for (const v1::NodeRecord* server : servers.first(used)) {
    v1::ShardServer* entry = map.add_servers();
    entry->set_node_id(server->node_id());
    entry->set_incarnation(server->incarnation());
    entry->set_address(server->address());
  }
  return map;
}

uint64_t PlacedBytes(const ClusterState& state, uint64_t node_id) {
  uint64_t bytes = 0;
  for (const uint64_t job_id : state.active_jobs()) {
    for (const v1::ShardPlacement& placement : state.FindJob(job_id)->placement()) {
      if (placement.node_id() == node_id) bytes += placement.bytes();
    }
  }
  return bytes;
}

void PlanPlacement(const View& view, const v1::JobRecord& job, Decisions* out) {
  const bool recovers = job.state() == v1::JOB_STATE_RECOVERING;
  if (job.state() != v1::JOB_STATE_PLACING && !recovers) return;
  if (!job.has_facts()) return;
  if (!job.map().servers().empty()) {
    if (!ServersNotServing(view, job).empty()) return;
    v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
    changed->set_job_id(job.job_id());
    changed->set_state(v1::JOB_STATE_RUNNING);
    return;
  }
  if (recovers &&
      view.seen.SinceRestoreFailed(job.job_id(), view.now.monotonic) < view.options.cut_retry) {
    return;
  }
  const uint32_t wanted = job.spec().resources().servers();
  if (!recovers) {
    std::string why = NeverFits(view, MemoryNeed(job.spec(), job.facts()), wanted);
    if (!why.empty()) {
      EndJob(view, job, JobTrigger::kFail, absl::StrCat("the job ", why), out);
      return;
    }
    if (std::string beyond = BeyondTenantLimits(view, job); !beyond.empty()) {
      EndJob(view, job, JobTrigger::kFail, std::move(beyond), out);
      return;
    }
    if (!TenantShortage(view, job).empty()) return;
  }
  const std::vector<const v1::NodeRecord*> servers = ChooseServers(view, job);
  if (servers.empty()) return;
  absl::StatusOr<v1::ShardMap> map =
      PlaceShards(job, servers, job.map().timeline() + 1, job.map().epoch() + 1);
  if (!map.ok()) {
    EndJob(view, job, JobTrigger::kFail, std::string(map.status().message()), out);
    return;
  }
  v1::ShardsPlaced* placed = out->Add(view.now).mutable_shards_placed();
  placed->set_job_id(job.job_id());
  *placed->mutable_map() = *std::move(map);
  placed->set_restore_cut(CutToGoOnFrom(job));
}

}  // namespace paceline::scheduler

#include "scheduler/core/nodes/memory.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/tables/memory.h"
#include "common/tables/model_tables.h"
#include "scheduler/core/nodes/links.h"
#include "scheduler/core/nodes/liveness.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

std::string Megabytes(uint64_t bytes) {
  return absl::StrFormat("%.1f MB", static_cast<double>(bytes) / 1e6);
}

// Of one of `servers`, which share evenly.
uint64_t Share(uint64_t need, uint32_t servers) { return (need + servers - 1) / servers; }

uint64_t LimitOf(const View& view, const v1::NodeRecord& server) {
  const NodeObservation* seen = view.seen.FindNode(server.node_id());
  if (seen == nullptr || seen->report.memory_limit() == 0) return kNoLimit;
  return seen->report.memory_limit();
}

// Bytes that the job's map gives to the server.
uint64_t PlacedNeed(const v1::JobRecord& job, uint64_t node_id) {
  uint64_t placed = 0, total = 0;
  for (const v1::ShardPlacement& placement : job.placement()) {
    total += placement.bytes();
    if (placement.node_id() == node_id) placed += placement.bytes();
  }
  if (placed == 0) return 0;
  const double part = static_cast<double>(placed) / static_cast<double>(total);
  return static_cast<uint64_t>(static_cast<double>(MemoryNeed(job.spec(), job.facts())) * part);
}

// The server with the `servers`-th most of what `bytes_of` says; 0 if there are
// not so many.
uint64_t Nth(const View& view, uint32_t servers,
             const std::function<uint64_t(const v1::NodeRecord&)>& bytes_of) {
  std::vector<uint64_t> bytes;
  for (const v1::NodeRecord* server : ReachedServers(view, servers)) {
    bytes.push_back(bytes_of(*server));
  }
  if (servers == 0 || bytes.size() < servers) return 0;
  std::sort(bytes.begin(), bytes.end(), std::greater<>());
  return bytes[servers - 1];
}

std::string Needs(uint64_t share, uint32_t servers) {
  return absl::StrCat("needs ", Megabytes(share), " of memory on each of ", servers, " servers");
}

}  // namespace

uint32_t ServersFor(const View& view, const v1::JobRecord& job) {
  const uint32_t wanted = job.spec().resources().servers();
  const bool recovers = job.state() == v1::JOB_STATE_RECOVERING;
  const auto there = static_cast<uint32_t>(ReachedServers(view, recovers ? 1 : wanted).size());
  if (recovers) return std::min(wanted, there);
  return there < wanted ? 0 : wanted;
}

uint64_t MemoryNeed(const v1::JobSpec& spec, const v1::TaskFacts& facts) {
  uint64_t need = 0;
  const v1::Policy policy = spec.consistency().policy();
  const uint32_t ranks = spec.resources().workers();
  if (!facts.tables().empty()) {
    for (const v1::TableSpec& table : facts.tables()) need += ServingBytes(table, policy, ranks);
    return need;
  }
  const auto tables = ModelTables(spec, spec.data().features(), spec.data().classes());
  if (!tables.ok()) return 0;
  for (const v1::TableSpec& table : *tables) need += ServingBytes(table, policy, ranks);
  return need;
}

uint64_t FreeMemory(const View& view, const v1::NodeRecord& server, const v1::JobRecord& job) {
  const uint64_t limit = LimitOf(view, server);
  if (limit == kNoLimit) return kNoLimit;
  uint64_t placed = 0;
  for (const uint64_t id : view.state.active_jobs()) {
    if (id != job.job_id()) placed += PlacedNeed(*view.state.FindJob(id), server.node_id());
  }
  // What the job holds there is given back before it gets something new.
  const v1::HeartbeatRequest& report = view.seen.FindNode(server.node_id())->report;
  uint64_t own = 0;
  for (const v1::ServerJobReport& held : report.jobs()) {
    if (held.job_id() == job.job_id()) own += held.table_bytes();
  }
  const uint64_t used =
      std::max(placed, report.memory_used() - std::min(own, report.memory_used()));
  return limit - std::min(used, limit);
}

std::string NeverFits(const View& view, uint64_t need, uint32_t servers) {
  if (need == 0 || UsableNodes(view, v1::NODE_ROLE_SERVER).size() < servers) return "";
  const uint64_t limit =
      Nth(view, servers, [&](const v1::NodeRecord& server) { return LimitOf(view, server); });
  const uint64_t share = Share(need, servers);
  if (share <= limit) return "";
  return absl::StrCat(Needs(share, servers), ", not so many take more than ", Megabytes(limit),
                      " (--memory-limit)");
}

std::string NoMemory(const View& view, const v1::JobRecord& job, uint32_t servers) {
  const uint64_t need = MemoryNeed(job.spec(), job.facts());
  if (need == 0 || UsableNodes(view, v1::NODE_ROLE_SERVER).size() < servers) return "";
  const uint64_t free = Nth(
      view, servers, [&](const v1::NodeRecord& server) { return FreeMemory(view, server, job); });
  const uint64_t share = Share(need, servers);
  if (share <= free) return "";
  return absl::StrCat(Needs(share, servers), ", not so many have more than ", Megabytes(free),
                      " free");
}

}  // namespace paceline::scheduler

#include "scheduler/core/stored_cuts/holders.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/cut/held_cuts.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/stored_cuts/cut_folder.h"

namespace paceline::scheduler {
namespace {

// Servers that may be given copies: those of the map in its order, then as many others
// as `wanted` needs.
std::vector<std::string> Keepers(const View& view, const v1::JobRecord& job, size_t wanted) {
  std::vector<std::string> keepers;
  for (const v1::ShardServer& server : job.map().servers()) {
    const v1::NodeRecord* node = view.state.FindNode(server.node_id());
    if (node != nullptr && IsUsable(view, *node)) keepers.push_back(server.address());
  }
  for (const v1::NodeRecord* node : UsableNodes(view, v1::NODE_ROLE_SERVER)) {
    if (keepers.size() >= wanted) break;
    const auto found = std::find(keepers.begin(), keepers.end(), node->address());
    if (found == keepers.end()) keepers.push_back(node->address());
  }
  return keepers;
}

// What the server says of the job's cut in flight; null if nothing yet.
const v1::HeldCut* FindHeldCut(const View& view, const v1::ShardServer& server,
                               const v1::JobRecord& job) {
  const NodeObservation* seen = view.seen.FindNode(server.node_id());
  if (seen == nullptr || seen->incarnation != server.incarnation()) return nullptr;
  for (const v1::HeldCut& held : seen->report.held_cuts()) {
    if (held.job_id() == job.job_id() && held.cut_id() == job.cut().cut_id() &&
        held.manifest_xxh3() == job.cut().manifest_xxh3()) {
      return &held;
    }
  }
  return nullptr;
}

// Cuts of a job that is unknown, and was not deleted, may belong to one that was forgotten,
// or to a state that was restored from a backup: they stay.
bool MayBeDropped(const View& view, const v1::HeldCut& held) {
  const v1::JobRecord* job = view.state.FindJob(held.job_id());
  if (job == nullptr) return view.state.deleted_jobs().contains(held.job_id());
  if (held.cut_id() > job->last_cut_id()) return false;
  // The newest may still be written, or be given up and written on.
  if (held.cut_id() == job->last_cut_id() && !HasEnded(job->state())) return false;
  return std::none_of(job->cuts().begin(), job->cuts().end(),
                      [&](const v1::CutRecord& cut) { return cut.cut_id() == held.cut_id(); });
}

}  // namespace

bool IsReplicated(const v1::JobRecord& job) { return job.spec().checkpoint().replicas() > 0; }

bool IsSealed(const v1::CutRecord& cut) { return !cut.holders().empty() && !cut.committed(); }

void NameHolders(const View& view, const v1::JobRecord& job, v1::CutManifest* manifest) {
  const size_t replicas = job.spec().checkpoint().replicas();
  const std::vector<std::string> keepers = Keepers(view, job, replicas);
  std::map<std::string, uint32_t> index;
  const auto index_of = [&](const std::string& address) {
    const auto [at, added] = index.emplace(address, manifest->servers_size());
    if (added) manifest->add_servers(address);
    return at->second;
  };
  for (int shard = 0; shard < manifest->files_size(); ++shard) {
    v1::CutFile* file = manifest->mutable_files(shard);
    const uint32_t writer = job.map().shards(shard).server();
    const std::string& wrote = job.map().servers(static_cast<int>(writer)).address();
    file->add_holders(index_of(wrote));
    const auto self = std::find(keepers.begin(), keepers.end(), wrote);
    const size_t after = self == keepers.end() ? 0 : self - keepers.begin() + 1;
    for (size_t i = 0; i < keepers.size(); ++i) {
      if (static_cast<size_t>(file->holders_size()) == replicas) break;
      const std::string& next = keepers[(after + i) % keepers.size()];
      if (next != wrote) file->add_holders(index_of(next));
    }
  }
}

std::vector<v1::ShardServer> HoldersOf(const View& view, const v1::CutManifest& manifest) {
  std::vector<v1::ShardServer> holders;
  for (const std::string& address : manifest.servers()) {
    const v1::NodeRecord* node = view.state.FindNode(v1::NODE_ROLE_SERVER, address);
    v1::ShardServer& holder = holders.emplace_back();
    holder.set_address(address);
    if (node == nullptr) continue;
    holder.set_node_id(node->node_id());
    holder.set_incarnation(node->incarnation());
  }
  return holders;
}

std::vector<std::string> HoldersNotDone(const View& view, const v1::JobRecord& job) {
  std::vector<std::string> waiting;
  for (const v1::ShardServer& server : job.cut().holders()) {
    const v1::HeldCut* held = FindHeldCut(view, server, job);
    if (held == nullptr || !held->done()) waiting.push_back(server.address());
  }
  return waiting;
}

std::string HolderFailed(const View& view, const v1::JobRecord& job) {
  for (const v1::ShardServer& server : job.cut().holders()) {
    if (std::string gone = NodeGone(view, server.node_id(), server.incarnation()); !gone.empty()) {
      return absl::StrCat("a holder of the cut is gone: ", gone);
    }
    const v1::HeldCut* held = FindHeldCut(view, server, job);
    if (held != nullptr && !held->error().empty()) {
      return absl::StrCat("server ", server.node_id(), " (", server.address(),
                          "): ", held->error());
    }
  }
  return "";
}

void HoldOrders(const View& view, const v1::NodeRecord& node, v1::HeartbeatResponse* out) {
  for (const uint64_t job_id : view.state.active_jobs()) {
    const v1::JobRecord& job = *view.state.FindJob(job_id);
    const v1::CutRecord& cut = job.cut();
    if (!IsSealed(cut) || !cut.abandoned().empty() || cut.timeline() != job.map().timeline()) {
      continue;
    }
    for (const v1::ShardServer& server : cut.holders()) {
      if (server.node_id() != node.node_id() || server.incarnation() != node.incarnation() ||
          FindHeldCut(view, server, job) != nullptr) {
        continue;
      }
      v1::HoldOrder* order = out->add_holds();
      order->set_job_id(job_id);
      order->set_cut_id(cut.cut_id());
      order->set_dir(cut.dir());
      order->set_manifest_xxh3(cut.manifest_xxh3());
    }
  }
  const NodeObservation* seen = view.seen.FindNode(node.node_id());
  if (seen == nullptr) return;
  for (const v1::HeldCut& held : seen->report.held_cuts()) {
    if (!MayBeDropped(view, held)) continue;
    v1::DropOrder* order = out->add_drops();
    order->set_job_id(held.job_id());
    order->set_cut_id(held.cut_id());
    order->set_dir(CutDir(HeldCutsDir(view.state.cluster_id(), held.job_id()), held.cut_id()));
  }
}

}  // namespace paceline::scheduler

#include "scheduler/core/nodes/links.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "scheduler/core/nodes/job_device.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/nodes/slots.h"
#include "scheduler/core/ranks/task_loss.h"
#include "scheduler/core/ranks/waiting.h"

namespace paceline::scheduler {
namespace {

// Workers that must agree before a server is said to be cut off: with fewer, the
// fault may as well be theirs.
constexpr size_t kWitnesses = 2;

bool IsBroken(const View& view, uint64_t worker, uint64_t server) {
  return view.seen.SinceBrokenLink(worker, server, view.now.monotonic) <=
         view.options.broken_link_memory;
}

// Live workers that have said lately that they do not reach the server.
std::vector<const v1::NodeRecord*> Witnesses(const View& view, uint64_t server) {
  std::vector<const v1::NodeRecord*> witnesses;
  for (const v1::NodeRecord* worker : UsableNodes(view, v1::NODE_ROLE_WORKER)) {
    if (IsBroken(view, worker->node_id(), server)) witnesses.push_back(worker);
  }
  return witnesses;
}

// "worker 3 (host:7072) does not reach server 1 (host:7071) for 4.2s: refused".
std::string Describe(const View& view, const BrokenLink& link) {
  return absl::StrCat(NodeName(*view.state.FindNode(link.worker)), " does not reach ",
                      NodeName(*view.state.FindNode(link.server)), " for ",
                      absl::FormatDuration(absl::Trunc(link.time, absl::Milliseconds(100))), ": ",
                      link.cause);
}

bool MayMove(const v1::JobRecord& job) {
  return (job.state() == v1::JOB_STATE_RUNNING || job.state() == v1::JOB_STATE_CHECKPOINTING) &&
         !NeedsNoServers(job);
}

}  // namespace

bool MayPlay(const View& view, const v1::JobRecord& job, uint32_t rank,
             const v1::NodeRecord& worker) {
  if (worker.node_id() == job.ranks(static_cast<int>(rank)).node_id()) return false;
  return std::none_of(job.map().servers().begin(), job.map().servers().end(),
                      [&](const v1::ShardServer& server) {
                        return IsBroken(view, worker.node_id(), server.node_id());
                      });
}

std::vector<BrokenLink> BrokenLinks(const View& view, const v1::JobRecord& job, uint32_t rank) {
  std::vector<BrokenLink> links;
  const v1::RankRecord& record = job.ranks(static_cast<int>(rank));
  const v1::NodeRecord* worker = view.state.FindNode(record.node_id());
  const TaskObservation* task = view.seen.FindTask(job.job_id(), rank, record.incarnation());
  if (worker == nullptr || task == nullptr || !IsHeard(view, *worker) ||
      TaskSilence(view, job, rank) * 2 > TaskSilenceLimit(view, job, rank) ||
      task->report.timeline() != job.map().timeline() ||
      task->report.epoch() != job.map().epoch()) {
    return links;
  }
  for (const v1::UnreachableServer& unreachable : task->report.unreachable()) {
    const absl::Duration time = absl::Milliseconds(unreachable.for_ms());
    const bool held = std::any_of(job.map().servers().begin(), job.map().servers().end(),
                                  [&](const v1::ShardServer& server) {
                                    return server.node_id() == unreachable.node_id() &&
                                           server.incarnation() == unreachable.incarnation();
                                  });
    const v1::NodeRecord* server = view.state.FindNode(unreachable.node_id());
    if (!held || server == nullptr || !IsHeard(view, *server) ||
        time < view.options.heartbeat * view.options.silent_heartbeats) {
      continue;
    }
    links.push_back({worker->node_id(), server->node_id(), time, unreachable.cause()});
  }
  return links;
}

bool IsCutOff(const View& view, uint64_t server) {
  return Witnesses(view, server).size() >= kWitnesses;
}

std::vector<const v1::NodeRecord*> ReachedServers(const View& view, size_t at_least) {
  std::vector<const v1::NodeRecord*> usable = UsableNodes(view, v1::NODE_ROLE_SERVER);
  std::vector<const v1::NodeRecord*> reached;
  for (const v1::NodeRecord* server : usable) {
    if (!IsCutOff(view, server->node_id())) reached.push_back(server);
  }
  return reached.size() >= at_least ? reached : usable;
}

void PlanMoves(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (!MayMove(job) || !view.seen.alarm().empty()) return;
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const std::vector<BrokenLink> links = BrokenLinks(view, job, rank);
    if (links.empty()) continue;
    const std::vector<Slot> slots =
        ChooseSlots(view, 1, NeedsOfRank(job),
                    [&](const v1::NodeRecord& worker) { return MayPlay(view, job, rank, worker); });
    if (slots.empty()) continue;
    const std::string why = Describe(view, links[0]);
    PlanTaskLoss(view, job, rank, why, out);
    v1::RankMoved* moved = out->Add(view.now).mutable_rank_moved();
    moved->set_job_id(job.job_id());
    const uint64_t incarnation = job.ranks(static_cast<int>(rank)).incarnation() + 1;
    *moved->mutable_task() = AssignTask(rank, incarnation, slots[0]);
    moved->set_reason(why);
    return;
  }
}

std::string CutOffServer(const View& view, const v1::JobRecord& job) {
  if (!MayMove(job) || job.ranks().empty() || !view.seen.alarm().empty()) return "";
  // Servers that no rank of the job reaches.
  std::set<uint64_t> unreached;
  for (const v1::ShardServer& server : job.map().servers()) unreached.insert(server.node_id());
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    std::set<uint64_t> servers;
    for (const BrokenLink& link : BrokenLinks(view, job, rank)) {
      if (unreached.contains(link.server)) servers.insert(link.server);
    }
    unreached = std::move(servers);
  }
  const std::vector<const v1::NodeRecord*> usable = UsableNodes(view, v1::NODE_ROLE_SERVER);
  const bool others = std::any_of(usable.begin(), usable.end(), [&](const v1::NodeRecord* server) {
    return !IsCutOff(view, server->node_id());
  });
  for (const uint64_t server : unreached) {
    if (!others || !IsCutOff(view, server)) continue;
    std::vector<std::string> names;
    for (const v1::NodeRecord* worker : Witnesses(view, server)) names.push_back(NodeName(*worker));
    return absl::StrCat(NodeName(*view.state.FindNode(server)), " is cut off from ",
                        absl::StrJoin(names, ", "));
  }
  return "";
}

std::string LinkReason(const View& view, const v1::JobRecord& job) {
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const std::vector<BrokenLink> links = BrokenLinks(view, job, rank);
    if (links.empty()) continue;
    return absl::StrCat("rank ", rank, " waits: ", Describe(view, links[0]),
                        "; no other worker that may reach it has a free ",
                        NeedsOfRank(job).gpu ? "GPU" : "slot");
  }
  return "";
}

}  // namespace paceline::scheduler

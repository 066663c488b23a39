#include "scheduler/core/nodes/drain.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "scheduler/core/nodes/job_device.h"
#include "scheduler/core/nodes/links.h"
#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/nodes/memory.h"
#include "scheduler/core/nodes/slots.h"
#include "scheduler/core/ranks/task_loss.h"
#include "scheduler/core/ranks/waiting.h"

namespace paceline::scheduler {
namespace {

// Jobs that DrainWaitsFor names.
constexpr size_t kMaxNamed = 5;
constexpr size_t kMaxDrainReasonBytes = 1024;

const v1::NodeRecord* FindNamed(const ClusterState& state, const v1::DrainNodeRequest& request) {
  if (request.node_id() != 0) return state.FindNode(request.node_id());
  const v1::NodeRecord* server = state.FindNode(v1::NODE_ROLE_SERVER, request.address());
  return server != nullptr ? server : state.FindNode(v1::NODE_ROLE_WORKER, request.address());
}

// Whether tasks of the job are worth moving: it has some, and is not through but for its end.
bool MayLeave(const v1::JobRecord& job) {
  return job.state() != v1::JOB_STATE_PENDING && !NeedsNoServers(job);
}

std::vector<Slot> SlotElsewhere(const View& view, const v1::JobRecord& job, uint32_t rank) {
  return ChooseSlots(view, 1, NeedsOfRank(job), [&](const v1::NodeRecord& worker) {
    return MayPlay(view, job, rank, worker);
  });
}

// Why the job's shards could not all be somewhere else than on servers that are leaving;
// empty if they could.
std::string NoRoom(const View& view, const v1::JobRecord& job) {
  const uint32_t wanted = job.spec().resources().servers();
  const auto others = static_cast<uint32_t>(ReachedServers(view, 1).size());
  if (others == 0) return "no other server is live";
  return NoMemory(view, job, std::min(wanted, others));
}

std::string RanksWait(const View& view, const v1::JobRecord& job,
                      const std::vector<uint32_t>& ranks) {
  std::string why = "on their way to other workers";
  if (!MayLeave(job)) {
    why = "the job is about to end";
  } else if (!view.seen.alarm().empty()) {
    why = view.seen.alarm();
  } else if (SlotElsewhere(view, job, ranks[0]).empty()) {
    why = NeedsOfRank(job).gpu ? "no free GPU elsewhere" : "no free slot elsewhere";
  }
  return absl::StrCat(ranks.size(), ranks.size() == 1 ? " rank" : " ranks", " of job ",
                      job.job_id(), ": ", why);
}

std::string ShardsWait(const View& view, const v1::JobRecord& job) {
  std::string why = NoRoom(view, job);
  if (job.state() == v1::JOB_STATE_CHECKPOINTING) {
    why = "the job is about to end";
  } else if (why.empty()) {
    why = job.state() == v1::JOB_STATE_RUNNING && !DrainCutTaken(job)
              ? "a cut is taken before they move"
              : "on their way to other servers";
  }
  return absl::StrCat("shards of job ", job.job_id(), ": ", why);
}

bool HasShards(const v1::JobRecord& job, uint64_t node_id) {
  return absl::c_any_of(job.map().servers(), [node_id](const v1::ShardServer& server) {
    return server.node_id() == node_id;
  });
}

}  // namespace

absl::StatusOr<uint64_t> PlanDrainNode(const View& view, const v1::DrainNodeRequest& request,
                                       Decisions* out) {
  if ((request.node_id() != 0) == !request.address().empty()) {
    return absl::InvalidArgumentError("node: either its number or its address expected");
  }
  if (request.reason().size() > kMaxDrainReasonBytes) {
    return absl::InvalidArgumentError(absl::StrCat("reason: at most ", kMaxDrainReasonBytes,
                                                   " bytes expected, got ",
                                                   request.reason().size()));
  }
  const v1::NodeRecord* node = FindNamed(view.state, request);
  if (node == nullptr) {
    return absl::NotFoundError(request.node_id() != 0
                                   ? absl::StrCat("node ", request.node_id(), " does not exist")
                                   : absl::StrCat("no node has the address ", request.address()));
  }
  const bool drain = !request.undo();
  if (node->drain() == drain && (!drain || node->drain_reason() == request.reason())) {
    return node->node_id();
  }
  v1::NodeDrainSet* set = out->Add(view.now).mutable_node_drain_set();
  set->set_node_id(node->node_id());
  set->set_drain(drain);
  if (drain) set->set_reason(request.reason());
  return node->node_id();
}

void PlanDrainMoves(const View& view, const v1::JobRecord& job, Decisions* out) {
  if (!MayLeave(job) || !view.seen.alarm().empty()) return;
  for (uint32_t rank = 0; rank < static_cast<uint32_t>(job.ranks_size()); ++rank) {
    const v1::RankRecord& record = job.ranks(static_cast<int>(rank));
    const v1::NodeRecord* worker = view.state.FindNode(record.node_id());
    if (worker == nullptr || !IsLeaving(view, *worker)) continue;
    const std::vector<Slot> slots = SlotElsewhere(view, job, rank);
    if (slots.empty()) continue;
    const std::string why =
        absl::StrCat(NodeName(*worker), worker->drain() ? " is drained" : " is shutting down");
    PlanTaskLoss(view, job, rank, why, out);
    v1::RankMoved* moved = out->Add(view.now).mutable_rank_moved();
    moved->set_job_id(job.job_id());
    *moved->mutable_task() = AssignTask(rank, record.incarnation() + 1, slots[0]);
    moved->set_reason(why);
    return;
  }
}

const v1::ShardServer* ServerToLeave(const View& view, const v1::JobRecord& job) {
  for (const v1::ShardServer& server : job.map().servers()) {
    const v1::NodeRecord* node = view.state.FindNode(server.node_id());
    if (node == nullptr || node->incarnation() != server.incarnation() || !IsLeaving(view, *node)) {
      continue;
    }
    // One that is about to end takes its shards along in any case.
    const NodeObservation* seen = view.seen.FindNode(server.node_id());
    const bool ends =
        seen != nullptr && seen->incarnation == server.incarnation() && seen->report.draining();
    if (ends || NoRoom(view, job).empty()) return &server;
  }
  return nullptr;
}

bool DrainCutTaken(const v1::JobRecord& job) {
  const v1::CutRecord& cut = job.cut();
  return cut.drain() && cut.timeline() == job.map().timeline() &&
         (cut.committed() || (!cut.abandoned().empty() && job.cuts_missed() == 0));
}

std::string DrainWaitsFor(const View& view, const v1::NodeRecord& node) {
  // By job.
  std::map<uint64_t, std::string> waits;
  for (const uint64_t id : view.state.active_jobs()) {
    const v1::JobRecord& job = *view.state.FindJob(id);
    std::vector<uint32_t> ranks;
    for (int rank = 0; rank < job.ranks_size(); ++rank) {
      if (job.ranks(rank).node_id() == node.node_id()) ranks.push_back(static_cast<uint32_t>(rank));
    }
    if (!ranks.empty()) waits[id] = RanksWait(view, job, ranks);
    if (HasShards(job, node.node_id())) waits[id] = ShardsWait(view, job);
  }
  // What it has not let go of yet.
  if (const NodeObservation* seen = view.seen.FindNode(node.node_id()); seen != nullptr) {
    for (const v1::TaskReport& task : seen->report.tasks()) {
      if (task.state() != v1::TaskReport::RUNNING) continue;
      waits.try_emplace(task.job_id(), absl::StrCat("tasks of job ", task.job_id(), ": stopping"));
    }
    for (const v1::ServerJobReport& job : seen->report.jobs()) {
      waits.try_emplace(job.job_id(), absl::StrCat("tables of job ", job.job_id(), ": closing"));
    }
  }
  std::vector<std::string> named;
  for (auto& [id, why] : waits) {
    if (named.size() < kMaxNamed) named.push_back(std::move(why));
  }
  std::string text = absl::StrJoin(named, "; ");
  if (waits.size() > kMaxNamed) absl::StrAppend(&text, "; ", waits.size() - kMaxNamed, " more");
  return text;
}

}  // namespace paceline::scheduler

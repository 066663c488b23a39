#include "scheduler/core/admission.h"

#include <algorithm>
#include <queue>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduler/core/liveness.h"

namespace paceline::scheduler {
namespace {

struct FreeSlots {
  uint64_t total = 0;
  std::vector<std::pair<const v1::NodeRecord*, uint32_t>> by_node;
};

FreeSlots FindFreeSlots(const View& view) {
  const std::map<uint64_t, uint32_t> used = SlotsUsed(view);
  FreeSlots free;
  for (const v1::NodeRecord* node : UsableNodes(view, v1::NODE_ROLE_WORKER)) {
    const uint32_t taken = used.at(node->node_id());
    if (taken >= node->slots()) continue;
    free.by_node.emplace_back(node, node->slots() - taken);
    free.total += node->slots() - taken;
  }
  return free;
}

// The oldest job that waits for slots; null if none does.
const v1::JobRecord* HeadOfQueue(const ClusterState& state) {
  for (const uint64_t job_id : state.active_jobs()) {
    const v1::JobRecord& job = *state.FindJob(job_id);
    if (job.state() == v1::JOB_STATE_PENDING) return &job;
  }
  return nullptr;
}

// Why the head of the queue does not start.
std::string Shortage(const View& view, const v1::JobRecord& job, const FreeSlots& free) {
  const v1::ResourceSpec& needs = job.spec().resources();
  std::string reason;
  if (needs.workers() > free.total) {
    absl::StrAppend(&reason, "needs ", needs.workers(), " workers, ", free.total, " free");
  }
  const size_t servers = UsableNodes(view, v1::NODE_ROLE_SERVER).size();
  if (needs.servers() > servers) {
    absl::StrAppend(&reason, reason.empty() ? "" : "; ", "needs ", needs.servers(), " servers, ",
                    servers, " live");
  }
  return reason;
}

}  // namespace

std::map<uint64_t, uint32_t> SlotsUsed(const View& view) {
  std::map<uint64_t, uint32_t> used;
  for (const auto& [id, node] : view.state.nodes()) {
    if (node.role() == v1::NODE_ROLE_WORKER) used[id] = 0;
  }
  const auto is_assigned = [&view](uint64_t node_id, const v1::TaskReport& task) {
    if (!view.state.active_jobs().contains(task.job_id())) return false;
    const v1::JobRecord& job = *view.state.FindJob(task.job_id());
    return task.rank() < static_cast<uint32_t>(job.ranks_size()) &&
           job.ranks(task.rank()).node_id() == node_id &&
           job.ranks(task.rank()).incarnation() == task.incarnation();
  };
  for (const uint64_t job_id : view.state.active_jobs()) {
    for (const v1::RankRecord& rank : view.state.FindJob(job_id)->ranks()) {
      const auto it = used.find(rank.node_id());
      if (it != used.end()) ++it->second;
    }
  }
  for (const auto& [id, seen] : view.seen.nodes()) {
    const auto it = used.find(id);
    if (it == used.end()) continue;
    for (const v1::TaskReport& task : seen.report.tasks()) {
      if (task.state() == v1::TaskReport::RUNNING && !is_assigned(id, task)) ++it->second;
    }
  }
  return used;
}

std::string PendingReason(const View& view, const v1::JobRecord& job) {
  const v1::JobRecord* head = HeadOfQueue(view.state);
  if (head == nullptr || job.state() != v1::JOB_STATE_PENDING) return "";
  if (head->job_id() != job.job_id()) return absl::StrCat("waits for job ", head->job_id());
  return Shortage(view, job, FindFreeSlots(view));
}

void PlanAdmission(const View& view, Decisions* out) {
  const v1::JobRecord* job = HeadOfQueue(view.state);
  if (job == nullptr) return;
  const FreeSlots free = FindFreeSlots(view);
  if (!Shortage(view, *job, free).empty()) return;

  // Most free slots first; of equals the smaller id.
  using Candidate = std::pair<uint32_t, const v1::NodeRecord*>;
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.first != b.first ? a.first < b.first : a.second->node_id() > b.second->node_id();
  };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(later)> queue(later);
  for (const auto& [node, slots] : free.by_node) queue.push({slots, node});

  v1::TasksAssigned* assigned = out->Add(view.now).mutable_tasks_assigned();
  assigned->set_job_id(job->job_id());
  for (uint32_t rank = 0; rank < job->spec().resources().workers(); ++rank) {
    const auto [slots, node] = queue.top();
    queue.pop();
    v1::TaskAssignment* task = assigned->add_tasks();
    task->set_rank(rank);
    task->set_node_id(node->node_id());
    task->set_node_incarnation(node->incarnation());
    task->set_incarnation(1);
    if (slots > 1) queue.push({slots - 1, node});
  }
  v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
  changed->set_job_id(job->job_id());
  changed->set_state(v1::JOB_STATE_PLACING);
}

}  // namespace paceline::scheduler

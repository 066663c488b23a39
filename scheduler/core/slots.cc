#include "scheduler/core/slots.h"

#include <queue>
#include <utility>

#include "scheduler/core/liveness.h"

namespace paceline::scheduler {
namespace {

// Free slots, and whose.
using Offer = std::pair<uint32_t, const v1::NodeRecord*>;

std::vector<Offer> Offers(const View& view) {
  const std::map<uint64_t, uint32_t> used = SlotsUsed(view);
  std::vector<Offer> offers;
  for (const v1::NodeRecord* node : UsableNodes(view, v1::NODE_ROLE_WORKER)) {
    const uint32_t taken = used.at(node->node_id());
    if (taken < node->slots()) offers.emplace_back(node->slots() - taken, node);
  }
  return offers;
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

uint64_t FreeSlots(const View& view) {
  uint64_t free = 0;
  for (const auto& [slots, node] : Offers(view)) free += slots;
  return free;
}

std::vector<const v1::NodeRecord*> ChooseWorkers(
    const View& view, size_t count, const std::function<bool(const v1::NodeRecord&)>& fits) {
  const auto later = [](const Offer& a, const Offer& b) {
    return a.first != b.first ? a.first < b.first : a.second->node_id() > b.second->node_id();
  };
  std::priority_queue<Offer, std::vector<Offer>, decltype(later)> queue(later, Offers(view));
  std::vector<const v1::NodeRecord*> chosen;
  while (chosen.size() < count && !queue.empty()) {
    const auto [slots, node] = queue.top();
    queue.pop();
    if (fits != nullptr && !fits(*node)) continue;
    chosen.push_back(node);
    if (slots > 1) queue.push({slots - 1, node});
  }
  return chosen;
}

}  // namespace paceline::scheduler

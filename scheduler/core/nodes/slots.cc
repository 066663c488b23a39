#include "scheduler/core/nodes/slots.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

#include "scheduler/core/nodes/liveness.h"

namespace paceline::scheduler {
namespace {

// What a worker can still take.
struct Offer {
  const v1::NodeRecord* worker = nullptr;
  uint32_t slots = 0;
  // Of these.
  uint32_t processor_slots = 0;
  // Free ones that fit, the best last.
  std::vector<v1::GpuStatus> gpus;
};

Offer OfferOf(const View& view, const v1::NodeRecord& worker, const WorkerLoad& load,
              const SlotNeeds& needs) {
  Offer offer;
  offer.worker = &worker;
  offer.slots = worker.slots() - std::min(worker.slots(), load.slots);
  std::vector<v1::GpuStatus> gpus = GpusOf(view, worker);
  // Tasks beside those with GPUs are on processor slots.
  const uint32_t processors = worker.slots() - std::min<size_t>(worker.slots(), gpus.size());
  const auto beside = static_cast<uint32_t>(load.slots - load.gpus.size());
  offer.processor_slots = std::min(offer.slots, processors - std::min(processors, beside));
  if (!needs.gpu) return offer;
  std::erase_if(gpus, [&](const v1::GpuStatus& gpu) {
    return load.gpus.contains(gpu.ordinal()) || !IsFit(gpu, needs);
  });
  std::sort(gpus.begin(), gpus.end(), [](const v1::GpuStatus& a, const v1::GpuStatus& b) {
    return std::make_tuple(a.memory_bytes(), a.ordinal()) >
           std::make_tuple(b.memory_bytes(), b.ordinal());
  });
  offer.gpus = std::move(gpus);
  offer.slots = std::min<uint32_t>(offer.slots, static_cast<uint32_t>(offer.gpus.size()));
  offer.processor_slots = 0;
  return offer;
}

Slot TakeFrom(Offer* offer) {
  Slot slot{.worker = offer->worker, .gpu = std::nullopt};
  --offer->slots;
  if (offer->processor_slots > 0) --offer->processor_slots;
  if (!offer->gpus.empty()) {
    slot.gpu = offer->gpus.back().ordinal();
    offer->gpus.pop_back();
  }
  return slot;
}

}  // namespace

std::map<uint64_t, WorkerLoad> WorkerLoads(const View& view) {
  std::map<uint64_t, WorkerLoad> loads;
  for (const auto& [id, node] : view.state.nodes()) {
    if (node.role() == v1::NODE_ROLE_WORKER) loads[id];
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
      const auto it = loads.find(rank.node_id());
      if (it == loads.end()) continue;
      ++it->second.slots;
      if (rank.has_gpu()) it->second.gpus[rank.gpu()] = job_id;
    }
  }
  for (const auto& [id, seen] : view.seen.nodes()) {
    const auto it = loads.find(id);
    if (it == loads.end()) continue;
    for (const v1::TaskReport& task : seen.report.tasks()) {
      if (task.state() != v1::TaskReport::RUNNING || is_assigned(id, task)) continue;
      ++it->second.slots;
      if (task.has_gpu()) it->second.gpus.try_emplace(task.gpu(), task.job_id());
    }
  }
  return loads;
}

uint64_t FreeSlots(const View& view) {
  const std::map<uint64_t, WorkerLoad> loads = WorkerLoads(view);
  uint64_t free = 0;
  for (const v1::NodeRecord* worker : UsableNodes(view, v1::NODE_ROLE_WORKER)) {
    free += worker->slots() - std::min(worker->slots(), loads.at(worker->node_id()).slots);
  }
  return free;
}

std::vector<v1::GpuStatus> GpusOf(const View& view, const v1::NodeRecord& worker) {
  const NodeObservation* seen = view.seen.FindNode(worker.node_id());
  if (seen == nullptr || seen->incarnation != worker.incarnation()) return {};
  return {seen->report.gpus().begin(), seen->report.gpus().end()};
}

bool IsFit(const v1::GpuStatus& gpu, const SlotNeeds& needs) {
  return gpu.memory_bytes() >= needs.gpu_memory_bytes &&
         (needs.gpu_name.empty() || gpu.name() == needs.gpu_name);
}

std::vector<Slot> ChooseSlots(const View& view, size_t count, const SlotNeeds& needs,
                              const std::function<bool(const v1::NodeRecord&)>& fits) {
  const auto later = [](const Offer& a, const Offer& b) {
    // Ids the other way round: the smaller one comes first.
    return std::make_tuple(a.processor_slots, a.slots, b.worker->node_id()) <
           std::make_tuple(b.processor_slots, b.slots, a.worker->node_id());
  };
  std::priority_queue<Offer, std::vector<Offer>, decltype(later)> queue(later);
  const std::map<uint64_t, WorkerLoad> loads = WorkerLoads(view);
  for (const v1::NodeRecord* worker : UsableNodes(view, v1::NODE_ROLE_WORKER)) {
    if (fits != nullptr && !fits(*worker)) continue;
    Offer offer = OfferOf(view, *worker, loads.at(worker->node_id()), needs);
    if (offer.slots > 0) queue.push(std::move(offer));
  }
  std::vector<Slot> chosen;
  while (chosen.size() < count && !queue.empty()) {
    Offer offer = queue.top();
    queue.pop();
    chosen.push_back(TakeFrom(&offer));
    if (offer.slots > 0) queue.push(std::move(offer));
  }
  return chosen;
}

v1::TaskAssignment AssignTask(uint32_t rank, uint64_t incarnation, const Slot& slot) {
  v1::TaskAssignment task;
  task.set_rank(rank);
  task.set_node_id(slot.worker->node_id());
  task.set_node_incarnation(slot.worker->incarnation());
  task.set_incarnation(incarnation);
  if (slot.gpu.has_value()) task.set_gpu(*slot.gpu);
  return task;
}

}  // namespace paceline::scheduler

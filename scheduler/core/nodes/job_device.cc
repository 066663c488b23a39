#include "scheduler/core/nodes/job_device.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/cuda_form.h"
#include "scheduler/core/nodes/liveness.h"

namespace paceline::scheduler {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
// GPUs and workers beyond this are counted.
constexpr size_t kMaxNamed = 5;
// Of what others said; names of GPUs are short, reasons need not be.
constexpr size_t kMaxQuoted = 160;

std::string Quoted(const std::string& text) {
  return text.size() <= kMaxQuoted ? text : absl::StrCat(text.substr(0, kMaxQuoted), "...");
}

// Models of free GPUs that fit, those with the most first. Empty names do not count: a
// GPU that says nothing of itself is not known to be like another.
std::vector<std::string> FreeModels(const View& view, const SlotNeeds& needs) {
  std::map<std::string, size_t> counts;
  const std::map<uint64_t, WorkerLoad> loads = WorkerLoads(view);
  for (const v1::NodeRecord* worker : UsableNodes(view, v1::NODE_ROLE_WORKER)) {
    for (const v1::GpuStatus& gpu : GpusOf(view, *worker)) {
      if (gpu.name().empty() || loads.at(worker->node_id()).gpus.contains(gpu.ordinal())) continue;
      if (IsFit(gpu, needs)) ++counts[gpu.name()];
    }
  }
  std::vector<std::pair<size_t, std::string>> order;
  for (const auto& [name, count] : counts) order.emplace_back(count, name);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> names;
  for (auto& [count, name] : order) names.push_back(std::move(name));
  return names;
}

SlotNeeds GpuNeeds(const v1::JobRecord& job) {
  return {.gpu = true,
          .gpu_memory_bytes = job.spec().resources().gpu_memory() * kMiB,
          .gpu_name = job.gpu_name()};
}

bool OneModel(const v1::JobRecord& job) {
  return job.spec().consistency().policy() == v1::POLICY_BSP;
}

// On GPUs, of one model where the job needs that: with the first model that has enough,
// else with the one that has the most.
JobSlots GpuSlots(const View& view, const v1::JobRecord& job) {
  const uint32_t ranks = job.spec().resources().workers();
  SlotNeeds needs = GpuNeeds(job);
  JobSlots best{.device = v1::DEVICE_KIND_CUDA, .gpu_name = "", .slots = {}};
  if (!OneModel(job)) {
    best.slots = ChooseSlots(view, ranks, needs);
    return best;
  }
  for (std::string& name : FreeModels(view, needs)) {
    SlotNeeds of_model = needs;
    of_model.gpu_name = name;
    std::vector<Slot> slots = ChooseSlots(view, ranks, of_model);
    if (slots.size() <= best.slots.size()) continue;
    best.gpu_name = std::move(name);
    best.slots = std::move(slots);
    if (best.slots.size() == ranks) break;
  }
  return best;
}

// What keeps each GPU, and each worker without one, from taking a task.
std::vector<std::string> WhyNot(const View& view, const SlotNeeds& needs) {
  std::vector<std::string> gpus;
  std::vector<std::string> workers;
  const std::map<uint64_t, WorkerLoad> loads = WorkerLoads(view);
  for (const v1::NodeRecord* worker : UsableNodes(view, v1::NODE_ROLE_WORKER)) {
    const WorkerLoad& load = loads.at(worker->node_id());
    const std::vector<v1::GpuStatus> here = GpusOf(view, *worker);
    bool free = false;
    for (const v1::GpuStatus& gpu : here) {
      const std::string name =
          absl::StrCat(worker->address(), " gpu ", gpu.ordinal(), " (", Quoted(gpu.name()), ", ",
                       gpu.memory_bytes() / kMiB, " MiB)");
      if (!IsFit(gpu, needs)) {
        gpus.push_back(absl::StrCat(name, gpu.memory_bytes() < needs.gpu_memory_bytes
                                              ? " is too small"
                                              : " is another model"));
      } else if (const auto taken = load.gpus.find(gpu.ordinal()); taken != load.gpus.end()) {
        gpus.push_back(absl::StrCat(name, " busy with job ", taken->second));
      } else {
        free = true;
      }
    }
    if (here.empty()) {
      const std::string& why = view.seen.FindNode(worker->node_id())->report.no_gpu_reason();
      workers.push_back(
          absl::StrCat(worker->address(), " has none", why.empty() ? "" : ": ", Quoted(why)));
    } else if (free && load.slots >= worker->slots()) {
      workers.push_back(absl::StrCat(worker->address(), " has no free slot"));
    }
  }
  gpus.insert(gpus.end(), workers.begin(), workers.end());
  if (gpus.empty() && UsableNodes(view, v1::NODE_ROLE_WORKER).empty()) {
    gpus.push_back("no worker is live");
  }
  return gpus;
}

std::string GpuShortage(const View& view, uint32_t count, size_t free, const SlotNeeds& needs,
                        bool one_model) {
  std::string text = absl::StrCat("needs ", count, count == 1 ? " GPU" : " GPUs");
  if (!needs.gpu_name.empty()) {
    absl::StrAppend(&text, " of model ", Quoted(needs.gpu_name));
  } else if (one_model && count > 1) {
    absl::StrAppend(&text, " of one model (bsp)");
  }
  if (needs.gpu_memory_bytes > 0) {
    absl::StrAppend(&text, " of at least ", needs.gpu_memory_bytes / kMiB, " MiB");
  }
  absl::StrAppend(&text, ", ", free, " free");
  std::vector<std::string> why = WhyNot(view, needs);
  const size_t all = why.size();
  why.resize(std::min(all, kMaxNamed));
  if (!why.empty()) absl::StrAppend(&text, ": ", absl::StrJoin(why, ", "));
  if (all > kMaxNamed) absl::StrAppend(&text, " and ", all - kMaxNamed, " more");
  return text;
}

std::string WorkerShortage(const View& view, uint32_t count) {
  const uint64_t free = FreeSlots(view);
  return count <= free ? "" : absl::StrCat("needs ", count, " workers, ", free, " free");
}

}  // namespace

JobSlots SlotsToStart(const View& view, const v1::JobRecord& job) {
  const uint32_t ranks = job.spec().resources().workers();
  const v1::DeviceKind asked = job.spec().resources().device();
  if (asked == v1::DEVICE_KIND_CUDA) return GpuSlots(view, job);
  if (asked == v1::DEVICE_KIND_AUTO && HasCudaForm(job.spec().model().kind())) {
    JobSlots gpus = GpuSlots(view, job);
    if (gpus.slots.size() == ranks) return gpus;
  }
  return {.device = asked == v1::DEVICE_KIND_EMULATED ? asked : v1::DEVICE_KIND_CPU,
          .gpu_name = "",
          .slots = ChooseSlots(view, ranks, {})};
}

SlotNeeds NeedsOfRank(const v1::JobRecord& job) {
  // Jobs that started before devices were journaled say in their spec whether it is a GPU.
  const v1::DeviceKind device =
      job.device() == v1::DEVICE_KIND_UNSPECIFIED ? job.spec().resources().device() : job.device();
  return device == v1::DEVICE_KIND_CUDA ? GpuNeeds(job) : SlotNeeds();
}

std::string SlotShortage(const View& view, uint32_t count, const SlotNeeds& needs) {
  if (!needs.gpu) return WorkerShortage(view, count);
  const size_t free = ChooseSlots(view, count, needs).size();
  return free == count ? "" : GpuShortage(view, count, free, needs, /*one_model=*/false);
}

std::string StartShortage(const View& view, const v1::JobRecord& job) {
  const uint32_t ranks = job.spec().resources().workers();
  if (job.spec().resources().device() != v1::DEVICE_KIND_CUDA) return WorkerShortage(view, ranks);
  const JobSlots found = GpuSlots(view, job);
  if (found.slots.size() == ranks) return "";
  return GpuShortage(view, ranks, found.slots.size(), GpuNeeds(job), OneModel(job));
}

}  // namespace paceline::scheduler

// Slots: room for one task each, on workers; and GPUs, each for one task with a slot.
//
// A slot is taken by a task that an active job has on the node, and by any other
// task that the node still reports as running (of a job that ended a moment ago, of
// a rank that was given to another). So is the GPU that such a task was given.
//
// A worker with more slots than GPUs has processor slots. Tasks without a GPU take these
// first, and then any slot that is left: they may keep a GPU idle.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_NODES_SLOTS_H_
#define PACELINE_SCHEDULER_CORE_NODES_SLOTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// What tasks take of a worker.
struct WorkerLoad {
  uint32_t slots = 0;
  // By ordinal: the job that has the GPU.
  std::map<uint32_t, uint64_t> gpus;
};

// What a task needs to compute on.
struct SlotNeeds {
  // A GPU to itself; false: a slot is enough.
  bool gpu = false;
  // That the GPU has, whoever uses it.
  uint64_t gpu_memory_bytes = 0;
  // Its name. Empty: any.
  std::string gpu_name;
};

struct Slot {
  const v1::NodeRecord* worker = nullptr;
  std::optional<uint32_t> gpu;
};

// By node id, for every worker that is known.
std::map<uint64_t, WorkerLoad> WorkerLoads(const View& view);

// Free slots of the workers that may get new work.
uint64_t FreeSlots(const View& view);

// GPUs that a node has said that it has; none if its present process was not heard.
std::vector<v1::GpuStatus> GpusOf(const View& view, const v1::NodeRecord& worker);

// Whether `gpu` is what `needs` asks for, free or not.
bool IsFit(const v1::GpuStatus& gpu, const SlotNeeds& needs);

// Slots for `count` tasks. Fewer than `count` if there are not enough.
// GPU:     one by one on the worker with the most free GPUs that fit, there the one with
//          the least memory.
// no GPU:  one by one on the worker with the most free processor slots, then slots.
// Of equals the smaller id, the smaller ordinal.
// `fits`: which workers come into question; empty: all.
std::vector<Slot> ChooseSlots(
    const View& view, size_t count, const SlotNeeds& needs,
    const std::function<bool(const v1::NodeRecord& worker)>& fits = nullptr);

v1::TaskAssignment AssignTask(uint32_t rank, uint64_t incarnation, const Slot& slot);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_NODES_SLOTS_H_

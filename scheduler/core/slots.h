// Slots: room for one task each, on workers.
//
// A slot is taken by a task that an active job has on the node, and by any other
// task that the node still reports as running (of a job that ended a moment ago, of
// a rank that was given to another).
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_SLOTS_H_
#define PACELINE_SCHEDULER_CORE_SLOTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "proto/state.pb.h"
#include "scheduler/core/view.h"

namespace paceline::scheduler {

// Slots in use by node id, for every worker that is known.
std::map<uint64_t, uint32_t> SlotsUsed(const View& view);

// Free slots of the workers that may get new work.
uint64_t FreeSlots(const View& view);

// Workers for `count` tasks, one by one the worker with the most free slots, of
// equals the one with the smaller id. Fewer than `count` if there are not enough.
// `fits`: which workers come into question; empty: all.
std::vector<const v1::NodeRecord*> ChooseWorkers(
    const View& view, size_t count,
    const std::function<bool(const v1::NodeRecord& worker)>& fits = nullptr);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_SLOTS_H_

// On what the ranks of a job compute, and where there is room for that.
//
//   cuda           each rank has a GPU to itself, of gpu_memory at least
//   cpu, emulated  slots alone
//   auto           cuda if there is a free GPU for every rank when the job starts,
//                  else cpu; models without a form for GPUs (common/spec/cuda_form.h): cpu
//
// What auto became is journaled with the first tasks and holds for the life of the job:
// a rank that is played on does so on the same kind. Under bsp, where the device decides
// the bits, all ranks have the same model of GPU.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_NODES_JOB_DEVICE_H_
#define PACELINE_SCHEDULER_CORE_NODES_JOB_DEVICE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/state.pb.h"
#include "scheduler/core/nodes/slots.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Where all ranks of a job can start.
struct JobSlots {
  // What is journaled: v1::TasksAssigned. Never auto.
  v1::DeviceKind device = v1::DEVICE_KIND_CPU;
  std::string gpu_name;
  // By rank; fewer than ranks if there are not enough.
  std::vector<Slot> slots;
};

// For a job that waits for its first tasks.
JobSlots SlotsToStart(const View& view, const v1::JobRecord& job);

// Of each rank of a job that has started.
SlotNeeds NeedsOfRank(const v1::JobRecord& job);

// Why `count` tasks with such needs find no slots: "needs 4 GPUs of at least 40000 MiB,
// 2 free: w1:7072 gpu 0 (NVIDIA H100, 81559 MiB) busy with job 3", "needs 8 workers, 3
// free"; empty if they do. At most a few hundred bytes.
std::string SlotShortage(const View& view, uint32_t count, const SlotNeeds& needs);

// The same for a job that waits for its first tasks.
std::string StartShortage(const View& view, const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_NODES_JOB_DEVICE_H_

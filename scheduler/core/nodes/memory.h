// Whether a job's tables fit into the memory that servers give to tables
// (--memory-limit). Dense tables are counted as common/tables/memory.h says; sparse
// ones grow as they are used, and servers refuse rows beyond their limit.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_NODES_MEMORY_H_
#define PACELINE_SCHEDULER_CORE_NODES_MEMORY_H_

#include <cstdint>
#include <string>

#include "proto/job.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// On how many servers the job is to be placed: as many as it asks for, or if it has
// started before, on those that are left. 0: there are not enough.
uint32_t ServersFor(const View& view, const v1::JobRecord& job);

// Bytes that all servers together need for the job: of the tables that its ranks found,
// or that its spec alone settles; 0 if neither is known yet.
uint64_t MemoryNeed(const v1::JobSpec& spec, const v1::TaskFacts& facts);

// Bytes that a server has left for `job`, which may hold some there already. The
// largest number if it has no limit.
uint64_t FreeMemory(const View& view, const v1::NodeRecord& server, const v1::JobRecord& job);

// Why a job that needs so many bytes on `servers` servers would not fit even if
// nothing else ran; empty if it would, or if too few servers are live to tell.
std::string NeverFits(const View& view, uint64_t need, uint32_t servers);

// Why it does not fit now; empty if it does.
std::string NoMemory(const View& view, const v1::JobRecord& job, uint32_t servers);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_NODES_MEMORY_H_

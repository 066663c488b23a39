// Which records a rank gets next, under ssp and asp.
//
// A job walks its epochs in order; `grant_epoch` and `grant_next` of its record are
// the first position that nobody has. Grants are appended, never changed, and are
// journaled before the rank hears of them, so (rank, iteration) -> records never
// changes and every position of every epoch is granted exactly once.
//
// Size (guided self-scheduling, Polychronopoulos and Kuck, 1987): a rank may hold
// at most 1/(2W) of what remains, in batches it has not pushed yet, and always
// two, so that long runs need few grants and the tail is fair: ranks end within
// two batches of each other.
//
// A bsp job, and a job without records, has no grants.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_RANKS_GRANTS_H_
#define PACELINE_SCHEDULER_CORE_RANKS_GRANTS_H_

#include <cstdint>
#include <vector>

#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Batches that a rank may always hold ahead of what it has pushed: one to compute
// on and one that is ready.
inline constexpr uint64_t kLeastAhead = 2;
// Grants made at once at most; a rank that wants more asks again.
inline constexpr size_t kMaxGrantsAtOnce = 1024;

// Whether the ranks of the job walk grants.
bool UsesGrants(const v1::JobRecord& job);

// Iterations granted to a rank so far.
uint64_t GrantedTo(const v1::JobRecord& job, uint32_t rank);

// There will be no grants for the rank beyond those it has: none are left, or training has
// been stopped.
bool GrantsComplete(const v1::JobRecord& job, uint32_t rank);

// The next grants of a rank that has pushed `pushed` iterations and wants to hold
// `wanted` in all. May be fewer than wanted (see Size); never none for a rank that
// has pushed all it holds, wants more, and has not got all it will ever get.
std::vector<v1::Grant> NextGrants(const v1::JobRecord& job, uint32_t rank, uint64_t wanted,
                                  uint64_t pushed);

// GrantsMade for the task that reports, if its job is running and it wants any.
void PlanGrants(const View& view, const v1::SyncTaskRequest& report, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_RANKS_GRANTS_H_

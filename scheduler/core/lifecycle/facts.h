// What the ranks found in their data: it must be the same everywhere before the
// job goes on.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_FACTS_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_FACTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Whether what the first rank and `rank` found agrees under `policy`. Device and numeric
// class must agree under bsp only, where they decide the bits.
// Errors:  FailedPrecondition  naming the first thing that differs and both values.
absl::Status CheckSameFacts(const v1::TaskFacts& first, uint32_t rank, const v1::TaskFacts& facts,
                            v1::Policy policy);

// A job that is PLACING and has no facts: FactsRecorded once all ranks have reported
// the same, JobEnded when they contradict one another or make no tables.
void PlanFacts(const View& view, const v1::JobRecord& job, Decisions* out);

// A task that took a rank over: JobEnded if it found something else than the ranks
// did at the start.
void PlanLateFacts(const View& view, const v1::JobRecord& job, uint32_t rank, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_FACTS_H_

// A cut from its order to its commitment: the servers write its files, the scheduler
// verifies them, writes the manifest and journals the cut. The files of a replicated
// cut are copied and verified by their holders in between (holders.h).
//
// Level-triggered: each call looks at what is there and does the next step. One cut
// of a job is in flight at a time; a newer order takes the place of the one before.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_CUT_FLIGHT_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_CUT_FLIGHT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// The job's last cut was ordered on the present timeline and is neither committed
// nor given up.
bool CutInFlight(const v1::JobRecord& job);

// CutOrdered: bsp, the state after `round` rounds, or with 0 as it is. `drain`: since
// a server is about to go.
void OrderCut(const View& view, const v1::JobRecord& job, uint64_t round, bool drain,
              Decisions* out);

// The next step of the cut in flight: nothing, its commitment, or CutAbandoned.
void PlanCutFlight(const View& view, const v1::JobRecord& job, Decisions* out);

// The manifest of the job's cut from what its servers reported, all of them done.
// Errors:  FailedPrecondition  a shard has no file, or two; names it.
absl::StatusOr<v1::CutManifest> BuildManifest(const View& view, const v1::JobRecord& job);

// The cut's files are durable and named by a manifest of this hash, or could not be: the
// cut is committed, or if it is replicated sealed. With its commitment the oldest cuts
// beyond checkpoint.keep are dropped.
void PlanCutCommitted(const View& view, const Command& command,
                      const absl::StatusOr<std::string>& manifest_xxh3, Decisions* out);

// The parameters of the final cut have this hash, or could not be read.
void PlanCutHashed(const View& view, const Command& command,
                   const absl::StatusOr<std::string>& sha256, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_CUT_FLIGHT_H_

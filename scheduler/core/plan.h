// What the scheduler decides when something happens: (state, observations, event,
// now) -> updates and commands. Decides only; ClusterState::Apply does.
//
// An event that brings its own updates has a function here. Everything else is
// level-triggered: PlanNext looks at the whole and names the next steps, and is
// asked again after they are applied until there are none.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_PLAN_H_
#define PACELINE_SCHEDULER_CORE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/cluster.pb.h"
#include "proto/node.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"
#include "scheduler/core/stored_cuts/start_cut.h"

namespace paceline::scheduler {

// Longest request_id, in bytes, longest reason of a cancel, and largest spec.
inline constexpr size_t kMaxRequestIdBytes = 128;
inline constexpr size_t kMaxReasonBytes = 1024;
inline constexpr size_t kMaxSpecBytes = size_t{1} << 20;
// Nodes and slots of one node at most.
inline constexpr size_t kMaxNodes = 10000;
inline constexpr uint32_t kMaxSlots = 4096;

// A new job of `owner`. No updates if he sent its request_id before.
// Errors:  InvalidArgument    all problems of the spec with their paths, or the request_id.
//          ResourceExhausted  too many jobs wait, or the owner has too much.
//          FailedPrecondition its tables are larger than what servers take; the numbers.
//          FailedPrecondition the cut to start from is being deleted.
//          Aborted            the cut to start from is not `start` any more.
//          Those of FindStartCut and PlanStart.
absl::Status PlanSubmit(const View& view, const v1::SubmitJobRequest& request,
                        absl::string_view owner, const std::optional<StartCut>& start,
                        Decisions* out);

// The end of a job that has not ended; no updates for one that has.
// Errors:  NotFound         no such job.
//          InvalidArgument  the reason or request_id is too long.
absl::Status PlanCancel(const View& view, const v1::CancelJobRequest& request, Decisions* out);

// A node that is new, came back, or has a new process: NodeRegistered.
// Errors:  InvalidArgument     role or address are missing, or slots are absurd.
//          FailedPrecondition  the node has another version or belongs to another cluster.
//          ResourceExhausted   too many nodes.
absl::Status PlanHeartbeat(const View& view, const v1::HeartbeatRequest& request, Decisions* out);

// The next steps of the cluster and of every job; empty when all is as it should be.
void PlanNext(const View& view, Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_PLAN_H_

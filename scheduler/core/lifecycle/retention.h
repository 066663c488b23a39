// How jobs that have ended leave the state.
//
//   deleted    a user says so (DeleteJob), or a rule of retention: more ended jobs than
//              keep_ended_jobs, or ended longer ago than keep_ended_for. Files first, then
//              the journal: a crash in between leaves a job that can be deleted again, never
//              files that nobody knows of. The job's cuts go; what other servers hold of
//              them is dropped when they are heard (holders.h), and its tasks' logs by the
//              workers that have them (orders.h). Record indexes stay: jobs share them
//   forgotten  beyond max_ended_jobs, so that memory has a bound; their cuts stay
//
// While its files go, nobody can start from a job's cuts. A job from whose cuts others start
// that have none of their own yet is kept until they have.
//
// Age counts by the wall clock as it was when this scheduler started and its steady clock
// since: a wall clock that jumps deletes nothing.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_RETENTION_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_RETENTION_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// kDeleteJob for a job, unless that is under way.
// Errors:  NotFound            no such job.
//          FailedPrecondition  it has not ended, or others start from its cuts: names them.
absl::Status PlanDelete(const View& view, uint64_t job_id, Decisions* out);

// The end of kDeleteJob: JobDeleted, unless files are left.
void PlanDeleted(const View& view, const Command& command,
                 const absl::StatusOr<std::string>& result, Decisions* out);

// The next ended job that the rules delete, one at a time, and those that are forgotten.
void PlanRetention(const View& view, Decisions* out);

// Whether the cut that `spec` names may be gone on from: its job is not being deleted.
// Errors:  FailedPrecondition  it is.
absl::Status CheckNotBeingDeleted(const View& view, const v1::JobSpec& spec);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_RETENTION_H_

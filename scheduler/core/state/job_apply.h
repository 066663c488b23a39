// What each update does to the record of its job: the job's half of
// ClusterState::Apply, and called by nobody else.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STATE_JOB_APPLY_H_
#define PACELINE_SCHEDULER_CORE_STATE_JOB_APPLY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

// The job that an update is about; 0 if it is about none.
uint64_t JobOfUpdate(const v1::Update& update);

// The record of a job that was submitted.
v1::JobRecord NewJob(const v1::JobSubmitted& update, int64_t time_ms);

// Applies an update of an existing job. On an error the job is unchanged.
// Errors:  InvalidArgument     an id or a grant leaves a gap.
//          NotFound            a rank that the job does not have.
//          FailedPrecondition  it does not follow from the job's state.
absl::Status ApplyJobUpdate(const v1::Update& update, v1::JobRecord* job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_JOB_APPLY_H_

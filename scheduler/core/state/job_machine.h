// The life of a job as a table: which trigger leads from which state to which.
//
//   PENDING -> PLACING -> RUNNING -> CHECKPOINTING -> SUCCEEDED
//                 ^          |  ^          |
//                 |          v  |          |
//                 +------ RECOVERING <-----+
//   every state that has not ended -> FAILED, CANCELLED
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_STATE_JOB_MACHINE_H_
#define PACELINE_SCHEDULER_CORE_STATE_JOB_MACHINE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/cluster.pb.h"

namespace paceline::scheduler {

enum class JobTrigger {
  // All ranks got slots.
  kAdmit,
  // Every server serves its shards.
  kServe,
  // Every rank has finished.
  kFinish,
  // The final cut is committed and all that was asked of it is done.
  kComplete,
  // Ranks or shards were lost and can be brought back.
  kLose,
  kFail,
  kCancel,
};

// The word of a trigger: "admit".
const char* JobTriggerName(JobTrigger trigger);

// The lower-case word of a state: "pending".
std::string JobStateWord(v1::JobState state);

// SUCCEEDED, FAILED, CANCELLED.
bool HasEnded(v1::JobState state);

// The state that `trigger` leads to.
// Errors:  FailedPrecondition  the table has no such row; names state and trigger.
absl::StatusOr<v1::JobState> NextJobState(v1::JobState state, JobTrigger trigger);

// Whether any trigger leads from one state to the other.
// Errors:  FailedPrecondition  none does; names both.
absl::Status CheckJobStep(v1::JobState from, v1::JobState to);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_JOB_MACHINE_H_

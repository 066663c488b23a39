// How a job ends: with the last summary that can be had of it.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_END_JOB_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_END_JOB_H_

#include <string>

#include "proto/state.pb.h"
#include "scheduler/core/state/decisions.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Adds JobEnded for a job that has not ended. `trigger` is kComplete, kFail or
// kCancel; the reason is empty for kComplete.
void EndJob(const View& view, const v1::JobRecord& job, JobTrigger trigger, std::string reason,
            Decisions* out);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_END_JOB_H_

// A job as users see it: journaled state and what nodes last said, put together.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_VIEWS_JOB_VIEW_H_
#define PACELINE_SCHEDULER_CORE_VIEWS_JOB_VIEW_H_

#include "proto/cluster.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Everything about the job. Of one whose end is journaled: what was journaled.
v1::Job BuildJob(const View& view, const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEWS_JOB_VIEW_H_

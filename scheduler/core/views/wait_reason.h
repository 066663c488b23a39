// What a job waits for, in words: nothing hangs in silence.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_VIEWS_WAIT_REASON_H_
#define PACELINE_SCHEDULER_CORE_VIEWS_WAIT_REASON_H_

#include <string>

#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// The reason of a job's state as it is now: what a job that has not ended waits
// for (empty: it runs), or why one that has ended did.
std::string ReasonNow(const View& view, const v1::JobRecord& job);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEWS_WAIT_REASON_H_

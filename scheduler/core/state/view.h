// What a decision may look at.
#ifndef PACELINE_SCHEDULER_CORE_STATE_VIEW_H_
#define PACELINE_SCHEDULER_CORE_STATE_VIEW_H_

#include "scheduler/core/observed/observations.h"
#include "scheduler/core/state/cluster_state.h"
#include "scheduler/core/state/moment.h"
#include "scheduler/core/state/plan_options.h"

namespace paceline::scheduler {

// References for the length of one decision. Immutable.
struct View {
  const ClusterState& state;
  const Observations& seen;
  const PlanOptions& options;
  Moment now;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_STATE_VIEW_H_

// What a decision may look at.
#ifndef PACELINE_SCHEDULER_CORE_VIEW_H_
#define PACELINE_SCHEDULER_CORE_VIEW_H_

#include "scheduler/core/cluster_state.h"
#include "scheduler/core/moment.h"
#include "scheduler/core/observations.h"
#include "scheduler/core/plan_options.h"

namespace paceline::scheduler {

// References for the length of one decision. Immutable.
struct View {
  const ClusterState& state;
  const Observations& seen;
  const PlanOptions& options;
  Moment now;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEW_H_

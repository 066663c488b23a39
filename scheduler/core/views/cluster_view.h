// The cluster as users see it: nodes, and jobs by state.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_VIEWS_CLUSTER_VIEW_H_
#define PACELINE_SCHEDULER_CORE_VIEWS_CLUSTER_VIEW_H_

#include "proto/cluster.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Everything but the scheduler's own addresses.
v1::Cluster BuildCluster(const View& view);

// One node of it.
v1::NodeStatus BuildNode(const View& view, const v1::NodeRecord& node);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEWS_CLUSTER_VIEW_H_

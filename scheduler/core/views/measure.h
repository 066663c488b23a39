// When curves get their points, and what is in them: reports of nodes and tasks go in as
// they come, a point of every running job follows as often as its history asks for one.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_VIEWS_MEASURE_H_
#define PACELINE_SCHEDULER_CORE_VIEWS_MEASURE_H_

#include "proto/cluster.pb.h"
#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/observed/curves.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// Takes in what a node said of jobs that have not ended.
void MeasureNode(const ClusterState& state, const v1::NodeRecord& node,
                 const v1::HeartbeatRequest& report, Curves* curves);

// A point of every RUNNING job for which it is time. The first ones are a heartbeat
// apart, and at most 1 s.
void MeasureJobs(const View& view, Curves* curves);

// What is kept of a job that ends: its curves up to now, with a last point at its end.
// `last`: the job as it ends.
v1::JobCurves LastCurves(const View& view, const v1::Job& last);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEWS_MEASURE_H_

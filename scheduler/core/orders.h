// What every node and task should do now, against what it last reported.
//
// Level-triggered: the answer depends on state and report alone, so a lost answer
// is repaired by the next one, and nothing is remembered of those before.
//
// Pure functions.
#ifndef PACELINE_SCHEDULER_CORE_ORDERS_H_
#define PACELINE_SCHEDULER_CORE_ORDERS_H_

#include "proto/node.pb.h"
#include "proto/state.pb.h"
#include "scheduler/core/state/view.h"

namespace paceline::scheduler {

// What a server or worker should change. Jobs and tasks only; none: it does what
// it should.
//   server: SERVE the shards of a map that names it and that it does not hold yet;
//           SERVE with a cut that it has not reported; CLOSE what is not its own.
//           Shards are opened from the cut that the job was rolled back to.
//   worker: RUN tasks that are assigned to it and not there; STOP those that are
//           there and should not be; drop the logs of jobs that are deleted or forgotten.
v1::HeartbeatResponse OrdersForNode(const View& view, const v1::NodeRecord& node);

// What a task should do, with the parts that its report lacks: spec, map, grants.
// A task of a job that has ended or is unknown, or of an older incarnation: EXIT.
v1::SyncTaskResponse OrdersForTask(const View& view, const v1::SyncTaskRequest& report);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_ORDERS_H_

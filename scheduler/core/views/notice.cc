#include "scheduler/core/views/notice.h"

#include "scheduler/core/nodes/liveness.h"
#include "scheduler/core/state/job_apply.h"

namespace paceline::scheduler {

std::optional<Notice> NoticeOf(const v1::Update& update, const ClusterState& state) {
  switch (update.kind_case()) {
    case v1::Update::kNodeRegistered:
      return Notice{.kind = "NODE_REGISTERED",
                    .node_id = update.node_registered().node_id(),
                    .message = NodeName(*state.FindNode(update.node_registered().node_id()))};
    case v1::Update::kNodeLost:
      return Notice{.kind = "NODE_LOST",
                    .node_id = update.node_lost().node_id(),
                    .message = NodeName(*state.FindNode(update.node_lost().node_id()))};
    case v1::Update::kNodeDrainSet: {
      const v1::NodeDrainSet& set = update.node_drain_set();
      return Notice{.kind = set.drain() ? "NODE_DRAINED" : "NODE_TAKEN_BACK",
                    .node_id = set.node_id(),
                    .message = set.reason()};
    }
    case v1::Update::kJobDeleted:
      return Notice{.kind = "JOB_DELETED", .job_id = update.job_deleted().job_id()};
    case v1::Update::kNodeForgotten:
      return Notice{.kind = "NODE_FORGOTTEN", .node_id = update.node_forgotten().node_id()};
    case v1::Update::kGrantsMade:
    case v1::Update::kParametersHashed:
    case v1::Update::kCheckpointRequested:
    case v1::Update::kCutOrdered:
      return std::nullopt;
    case v1::Update::kCutAbandoned:
      if (update.cut_abandoned().missed()) return std::nullopt;
      break;
    default:
      break;
  }
  const v1::JobRecord* job = state.FindJob(JobOfUpdate(update));
  if (job == nullptr || job->events().empty()) return std::nullopt;
  const v1::JobEvent& event = *job->events().rbegin();
  return Notice{.kind = event.kind(), .job_id = job->job_id(), .message = event.message()};
}

}  // namespace paceline::scheduler

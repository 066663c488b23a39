// What the log says of an update.
#ifndef PACELINE_SCHEDULER_CORE_VIEWS_NOTICE_H_
#define PACELINE_SCHEDULER_CORE_VIEWS_NOTICE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "proto/state.pb.h"
#include "scheduler/core/state/cluster_state.h"

namespace paceline::scheduler {

// Something that happened, for the log.
struct Notice {
  // As in JobEvent, or NODE_REGISTERED, NODE_LOST, NODE_FORGOTTEN, NODE_DRAINED,
  // NODE_TAKEN_BACK, JOB_DELETED.
  std::string kind;
  // 0: not about a job, or a node.
  uint64_t job_id = 0;
  uint64_t node_id = 0;
  std::string message;
};

// What an update, applied to `state`, is to people; nothing for those that only count.
std::optional<Notice> NoticeOf(const v1::Update& update, const ClusterState& state);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_VIEWS_NOTICE_H_

// What happened, for the log.
#ifndef PACELINE_SCHEDULER_CORE_NOTICE_H_
#define PACELINE_SCHEDULER_CORE_NOTICE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "proto/state.pb.h"
#include "scheduler/core/cluster_state.h"

namespace paceline::scheduler {

struct Notice {
  // As in JobEvent, or NODE_REGISTERED, NODE_LOST, NODE_FORGOTTEN.
  std::string kind;
  // 0: not about a job, or a node.
  uint64_t job_id = 0;
  uint64_t node_id = 0;
  std::string message;
};

// What an update is to people, by the state after it; nothing for those that only count.
std::optional<Notice> NoticeOf(const v1::Update& update, const ClusterState& state);

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_NOTICE_H_

// Which answer a caller got last, so that a long poll is answered when there is
// news and not in a loop.
//
// An answer is news if it asks for something and is not the one sent last, or, for
// tasks, if what is desired changed. An answer that was lost is sent again when its
// caller's next poll has been held for its time.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_CORE_REPLY_MEMORY_H_
#define PACELINE_SCHEDULER_CORE_REPLY_MEMORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "proto/node.pb.h"

namespace paceline::scheduler {

class ReplyMemory {
 public:
  // Answers are compared without SchedulerIdentity.
  bool IsNews(uint64_t node_id, const v1::HeartbeatResponse& reply) const;
  bool IsNews(const v1::SyncTaskRequest& report, const v1::SyncTaskResponse& reply) const;

  void Sent(uint64_t node_id, const v1::HeartbeatResponse& reply);
  void Sent(const v1::SyncTaskRequest& report, const v1::SyncTaskResponse& reply);

  void ForgetNode(uint64_t node_id) { nodes_.erase(node_id); }
  void ForgetJob(uint64_t job_id);

 private:
  struct TaskReply {
    uint64_t hash = 0;
    uint64_t incarnation = 0;
    v1::SyncTaskResponse::Desired desired = v1::SyncTaskResponse::DESIRED_UNSPECIFIED;
    bool grants_complete = false;
  };

  // Hash of the last answer.
  std::map<uint64_t, uint64_t> nodes_;
  // By job and rank.
  std::map<std::pair<uint64_t, uint32_t>, TaskReply> tasks_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_REPLY_MEMORY_H_

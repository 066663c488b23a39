// Which answer a caller got last, so that a long poll is answered when there is
// news and not in a loop.
//
// An answer is news if it asks for something and is not the one sent last, or, for
// tasks, if what is desired changed. It may be lost, since callers give polls up when they
// have something to say. So whoever has not been answered for a heartbeat gets an answer as
// well, even if it gives every poll up before that has been held for its time.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_CORE_REPLY_MEMORY_H_
#define PACELINE_SCHEDULER_CORE_REPLY_MEMORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "proto/node.pb.h"

namespace paceline::scheduler {

class ReplyMemory {
 public:
  // `heartbeat`: for how long polls are held.
  explicit ReplyMemory(absl::Duration heartbeat) : heartbeat_(heartbeat) {}

  // `now` is of the monotonic clock. Answers are compared without SchedulerIdentity.
  bool IsNews(uint64_t node_id, const v1::HeartbeatResponse& reply, absl::Duration now) const;
  bool IsNews(const v1::SyncTaskRequest& report, const v1::SyncTaskResponse& reply,
              absl::Duration now) const;

  void Sent(uint64_t node_id, const v1::HeartbeatResponse& reply, absl::Duration now);
  void Sent(const v1::SyncTaskRequest& report, const v1::SyncTaskResponse& reply,
            absl::Duration now);

  void ForgetNode(uint64_t node_id) { nodes_.erase(node_id); }
  void ForgetJob(uint64_t job_id);

 private:
  struct NodeReply {
    uint64_t hash = 0;
    absl::Duration sent;
  };
  struct TaskReply {
    uint64_t hash = 0;
    absl::Duration sent;
    uint64_t incarnation = 0;
    v1::SyncTaskResponse::Desired desired = v1::SyncTaskResponse::DESIRED_UNSPECIFIED;
    bool grants_complete = false;
  };

  const absl::Duration heartbeat_;
  // The last answers.
  std::map<uint64_t, NodeReply> nodes_;
  // By job and rank.
  std::map<std::pair<uint64_t, uint32_t>, TaskReply> tasks_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_REPLY_MEMORY_H_

#include "scheduler/core/reply_memory.h"

#include <limits>

#include "common/hash.h"

namespace paceline::scheduler {
namespace {

// Of the parts that ask for something. Serialisation has no maps here, so that equal
// messages of one process have equal bytes.
uint64_t HashOf(const v1::HeartbeatResponse& reply) {
  v1::HeartbeatResponse orders;
  *orders.mutable_jobs() = reply.jobs();
  *orders.mutable_tasks() = reply.tasks();
  return HashBytes(orders.SerializeAsString());
}

uint64_t HashOf(const v1::SyncTaskResponse& reply) {
  v1::SyncTaskResponse copy = reply;
  copy.clear_scheduler();
  return HashBytes(copy.SerializeAsString());
}

}  // namespace

bool ReplyMemory::IsNews(uint64_t node_id, const v1::HeartbeatResponse& reply,
                         absl::Duration now) const {
  const auto last = nodes_.find(node_id);
  if (last != nodes_.end() && now - last->second.sent >= heartbeat_) return true;
  if (reply.jobs().empty() && reply.tasks().empty()) return false;
  return last == nodes_.end() || last->second.hash != HashOf(reply);
}

bool ReplyMemory::IsNews(const v1::SyncTaskRequest& report, const v1::SyncTaskResponse& reply,
                         absl::Duration now) const {
  const auto it = tasks_.find({report.job_id(), report.rank()});
  if (it == tasks_.end() || it->second.incarnation != report.incarnation()) return true;
  const TaskReply& last = it->second;
  if (last.desired != reply.desired() || last.grants_complete != reply.grants_complete() ||
      now - last.sent >= heartbeat_) {
    return true;
  }
  const bool asks = reply.has_spec() || reply.has_map() || !reply.grants().empty() ||
                    reply.last_iteration() != 0 || reply.evals_seen() != 0;
  return asks && last.hash != HashOf(reply);
}

void ReplyMemory::Sent(uint64_t node_id, const v1::HeartbeatResponse& reply, absl::Duration now) {
  nodes_[node_id] = {.hash = HashOf(reply), .sent = now};
}

void ReplyMemory::Sent(const v1::SyncTaskRequest& report, const v1::SyncTaskResponse& reply,
                       absl::Duration now) {
  TaskReply& last = tasks_[{report.job_id(), report.rank()}];
  // A straggler of an older incarnation must not make the present one's news old.
  if (report.incarnation() < last.incarnation) return;
  last.hash = HashOf(reply);
  last.sent = now;
  last.incarnation = report.incarnation();
  last.desired = reply.desired();
  last.grants_complete = reply.grants_complete();
}

void ReplyMemory::ForgetJob(uint64_t job_id) {
  tasks_.erase(tasks_.lower_bound({job_id, 0}),
               tasks_.upper_bound({job_id, std::numeric_limits<uint32_t>::max()}));
}

}  // namespace paceline::scheduler

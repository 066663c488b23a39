#include "scheduler/core/ranks/task_exit.h"

#include "scheduler/core/ranks/progress.h"

namespace paceline::scheduler {

void AddTaskExited(const View& view, const v1::JobRecord& job, uint32_t rank,
                   const v1::TaskExit& exit, bool died, Decisions* out) {
  const v1::RankRecord& record = job.ranks(static_cast<int>(rank));
  v1::TaskExited* exited = out->Add(view.now).mutable_task_exited();
  exited->set_job_id(job.job_id());
  exited->set_rank(rank);
  exited->set_incarnation(record.incarnation());
  *exited->mutable_exit() = exit;
  exited->set_iteration(ProgressOf(view, job)[rank].iterations);
  exited->set_died(died);
  if (const v1::NodeRecord* node = view.state.FindNode(record.node_id()); node != nullptr) {
    exited->set_hostname(node->hostname());
    exited->set_worker_address(node->address());
  }
}

}  // namespace paceline::scheduler

#include "scheduler/core/ranks/task_loss.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/spec/flush_schedule.h"
#include "scheduler/core/ranks/progress.h"

namespace paceline::scheduler {

bool TaskLossRollsBack(const View& view, const v1::JobRecord& job, uint32_t rank) {
  // In other states no task trains, and none has anything of the next timeline.
  if (job.state() != v1::JOB_STATE_RUNNING || !FlushSchedule(job.spec()).flushes()) return false;
  // The last push of a rank was a flush.
  return !ProgressOf(view, job)[rank].finished;
}

void PlanTaskLoss(const View& view, const v1::JobRecord& job, uint32_t rank,
                  absl::string_view cause, Decisions* out) {
  if (!TaskLossRollsBack(view, job, rank)) return;
  const std::string back = job.committed_cut_id() == 0
                               ? "where the job began"
                               : absl::StrCat("cut ", job.committed_cut_id());
  v1::JobStateChanged* changed = out->Add(view.now).mutable_job_state_changed();
  changed->set_job_id(job.job_id());
  changed->set_state(v1::JOB_STATE_RECOVERING);
  changed->set_reason(absl::StrCat("rank ", rank, " lost its task (", cause,
                                   "), and with it what compression left behind there: back to ",
                                   back));
}

}  // namespace paceline::scheduler

#include "scheduler/core/lifecycle/end_job.h"

#include <utility>

#include "common/check.h"
#include "scheduler/core/views/job_view.h"
#include "scheduler/core/views/measure.h"

namespace paceline::scheduler {

void EndJob(const View& view, const v1::JobRecord& job, JobTrigger trigger, std::string reason,
            Decisions* out) {
  const absl::StatusOr<v1::JobState> state = NextJobState(job.state(), trigger);
  PL_CHECK(state.ok() && HasEnded(*state)) << "job " << job.job_id() << ": " << state.status();
  // The view of the job as it will be once it has ended.
  v1::JobRecord ended = job;
  ended.set_state(*state);
  ended.set_reason(reason);
  ended.set_ended_ms(view.now.wall_ms);
  v1::Job last = BuildJob(view, ended);

  v1::JobEnded* update = out->Add(view.now).mutable_job_ended();
  update->set_job_id(job.job_id());
  update->set_state(*state);
  update->set_reason(std::move(reason));
  *update->mutable_curves() = LastCurves(view, last);
  update->mutable_summary()->Swap(last.mutable_summary());
  update->mutable_evals()->Swap(last.mutable_evals());
  update->mutable_ranks()->Swap(last.mutable_ranks());
}

}  // namespace paceline::scheduler

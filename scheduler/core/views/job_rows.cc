#include "scheduler/core/views/job_rows.h"

#include <algorithm>

#include "scheduler/core/ranks/progress.h"
#include "scheduler/core/state/job_machine.h"
#include "scheduler/core/views/job_view.h"

namespace paceline::scheduler {
namespace {

// Of a job whose end is journaled: BuildJob would copy its curves to throw them away.
void AddEnd(const v1::JobRecord& job, v1::Job* row) {
  row->set_reason(job.summary().reason());
  row->set_iterations_total(ExpectedIterations(job));
  row->set_recent_loss(job.summary().train_loss());
  if (job.final_ranks().empty()) return;
  uint64_t slowest = job.final_ranks(0).iteration();
  for (const v1::RankStatus& rank : job.final_ranks()) {
    slowest = std::min(slowest, rank.iteration());
  }
  row->set_iterations_done(slowest);
}

void AddPresent(const v1::Job& job, v1::Job* row) {
  row->set_reason(job.reason());
  row->set_iterations_done(job.iterations_done());
  row->set_iterations_total(job.iterations_total());
  row->set_recent_loss(job.recent_loss());
  row->set_samples_per_second(job.samples_per_second());
  row->set_eta_seconds(job.eta_seconds());
}

}  // namespace

v1::Job BuildJobRow(const View& view, const v1::JobRecord& job) {
  v1::Job row;
  row.set_job_id(job.job_id());
  row.set_owner(job.owner());
  row.set_state(job.state());
  row.set_submitted_ms(job.submitted_ms());
  row.set_ended_ms(job.ended_ms());
  v1::JobSpec* spec = row.mutable_spec();
  spec->set_name(job.spec().name());
  spec->mutable_model()->set_kind(job.spec().model().kind());
  *spec->mutable_consistency() = job.spec().consistency();
  spec->mutable_resources()->set_workers(job.spec().resources().workers());
  spec->mutable_resources()->set_servers(job.spec().resources().servers());
  if (job.has_summary()) {
    AddEnd(job, &row);
  } else {
    AddPresent(BuildJob(view, job), &row);
  }
  return row;
}

JobRows BuildJobRows(const View& view, const std::function<bool(const v1::JobRecord&)>& wanted) {
  JobRows rows;
  const auto add = [&](const v1::JobRecord& job, size_t most) {
    if (!wanted(job)) return;
    if (rows.jobs.size() < most) {
      rows.jobs.push_back(BuildJobRow(view, job));
    } else {
      ++rows.left_out;
    }
  };
  for (const uint64_t job_id : view.state.active_jobs()) {
    add(*view.state.FindJob(job_id), kMostLiveRows);
  }
  const size_t most = rows.jobs.size() + kMostEndedRows;
  const auto& all = view.state.jobs();
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    if (HasEnded(it->second.state())) add(it->second, most);
  }
  return rows;
}

}  // namespace paceline::scheduler

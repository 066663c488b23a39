// The half of Coordinator that pages and metrics look at: jobs that have not ended.
#include "scheduler/io/coordinator.h"

namespace paceline::scheduler {

std::vector<v1::Job> Coordinator::LiveJobs(size_t limit) {
  MutexLock lock(&mu_);
  std::vector<v1::Job> jobs;
  if (!closed_.ok()) return jobs;
  const Moment now = Now();
  const std::set<uint64_t>& live = core_->state().active_jobs();
  for (auto id = live.rbegin(); id != live.rend() && jobs.size() < limit; ++id) {
    absl::StatusOr<v1::Job> job = core_->GetJob(*id, now);
    if (job.ok()) jobs.push_back(*std::move(job));
  }
  return jobs;
}

std::vector<JobShards> Coordinator::LiveShards(size_t limit) {
  MutexLock lock(&mu_);
  std::vector<JobShards> jobs;
  if (!closed_.ok()) return jobs;
  const std::set<uint64_t>& live = core_->state().active_jobs();
  for (auto id = live.rbegin(); id != live.rend() && jobs.size() < limit; ++id) {
    const v1::JobRecord& job = *core_->state().FindJob(*id);
    jobs.push_back({.job_id = *id, .state = job.state(), .map = job.map()});
  }
  return jobs;
}

}  // namespace paceline::scheduler

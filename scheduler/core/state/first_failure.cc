#include "scheduler/core/state/first_failure.h"

#include <algorithm>

namespace paceline::scheduler {

v1::FirstFailure DeathOf(const v1::TaskExited& update, int64_t time_ms) {
  v1::FirstFailure death;
  death.set_rank(update.rank());
  death.set_hostname(update.hostname());
  death.set_worker_address(update.worker_address());
  death.set_time_ms(time_ms);
  *death.mutable_exit() = update.exit();
  death.set_iteration(update.iteration());
  return death;
}

const v1::FirstFailure* FindFirstFailure(const v1::JobRecord& job, const RankStatuses& ranks) {
  const v1::FirstFailure* first = nullptr;
  for (int i = 0; i < std::min(job.ranks_size(), ranks.size()); ++i) {
    if (!job.ranks(i).has_first_death()) continue;
    const v1::FirstFailure& death = job.ranks(i).first_death();
    if (ranks[i].finished() || ranks[i].iteration() > death.iteration()) continue;
    if (first == nullptr || death.time_ms() < first->time_ms()) first = &death;
  }
  return first;
}

void KeepFirstFailure(const v1::JobEnded& update, v1::JobRecord* job) {
  const v1::FirstFailure* first = FindFirstFailure(*job, update.ranks());
  if (first != nullptr && update.state() != v1::JOB_STATE_SUCCEEDED) {
    *job->mutable_first_failure() = *first;
  }
  for (v1::RankRecord& rank : *job->mutable_ranks()) rank.clear_first_death();
}

}  // namespace paceline::scheduler

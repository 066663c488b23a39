#include "scheduler/core/views/finished.h"

#include <algorithm>

namespace paceline::scheduler {
namespace {

void KeepSummary(const v1::RunSummary& finished, v1::RunSummary* now) {
  now->set_iterations(std::max(now->iterations(), finished.iterations()));
  now->set_samples(std::max(now->samples(), finished.samples()));
  now->set_duplicates_dropped(std::max(now->duplicates_dropped(), finished.duplicates_dropped()));
  now->set_pushes_refused(std::max(now->pushes_refused(), finished.pushes_refused()));
  now->set_bytes_pushed(std::max(now->bytes_pushed(), finished.bytes_pushed()));
  // The final evaluation pulls.
  now->set_bytes_pulled(std::max(now->bytes_pulled(), finished.bytes_pulled()));
  now->set_staleness_max(std::max(now->staleness_max(), finished.staleness_max()));
  // Means have their last values; what only some report now is another mean.
  if (finished.staleness_mean() > 0) now->set_staleness_mean(finished.staleness_mean());
  if (finished.train_loss() != 0) now->set_train_loss(finished.train_loss());
  if (!now->has_eval() && finished.has_eval()) *now->mutable_eval() = finished.eval();
}

}  // namespace

void KeepFinished(const v1::JobFigures& finished, v1::Job* job) {
  KeepSummary(finished.summary(), job->mutable_summary());
  if (job->evals_size() < finished.evals_size()) *job->mutable_evals() = finished.evals();
  for (int i = 0; i < std::min(job->ranks_size(), finished.ranks_size()); ++i) {
    const v1::RankStatus& done = finished.ranks(i);
    v1::RankStatus* now = job->mutable_ranks(i);
    now->set_iteration(std::max(now->iteration(), done.iteration()));
    now->set_samples(std::max(now->samples(), done.samples()));
    now->set_finished(now->finished() || done.finished());
  }
}

}  // namespace paceline::scheduler

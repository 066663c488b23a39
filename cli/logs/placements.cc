#include "cli/logs/placements.h"

#include "cli/exit_code.h"

namespace paceline::cli {

void Placements::Update(const v1::Job& job) {
  MutexLock lock(&mu_);
  ended_ = HasEnded(job.state());
  for (const v1::RankStatus& rank : job.ranks()) {
    if (rank.worker_address().empty()) continue;
    Known& known = ranks_[rank.rank()];
    // Without a process of this incarnation the worker would show the log of the one before.
    const bool started = rank.pid() != 0 || rank.finished();
    known.started = started || (known.started && known.place.incarnation == rank.incarnation());
    known.place = {.address = rank.worker_address(), .incarnation = rank.incarnation()};
  }
  changed_.NotifyAll();
}

void Placements::Stop() {
  MutexLock lock(&mu_);
  stopped_ = true;
  changed_.NotifyAll();
}

std::optional<Placements::Place> Placements::Next(uint32_t rank, uint64_t incarnation) {
  MutexLock lock(&mu_);
  std::optional<Place> next;
  clock_->Await(
      &mu_, &changed_, absl::InfiniteDuration(), [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
        if (stopped_) return true;
        const auto known = ranks_.find(rank);
        const bool newer = known != ranks_.end() && known->second.place.incarnation > incarnation;
        if (newer && (known->second.started || ended_)) {
          next = known->second.place;
          next->last = ended_;
          return true;
        }
        return ended_;
      });
  return next;
}

bool Placements::Pause(absl::Duration duration) {
  const absl::Duration until = clock_->Monotonic() + duration;
  MutexLock lock(&mu_);
  return !clock_->Await(&mu_, &changed_, until,
                        [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopped_; });
}

}  // namespace paceline::cli

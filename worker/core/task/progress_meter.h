// Losses and pace of a rank, as its progress reports tell them.
#ifndef PACELINE_WORKER_CORE_TASK_PROGRESS_METER_H_
#define PACELINE_WORKER_CORE_TASK_PROGRESS_METER_H_

#include <cstdint>
#include <deque>

#include "absl/time/time.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Times are points of one monotonic clock. Thread-compatible.
class ProgressMeter {
 public:
  // A push was acknowledged: `positions` is what the batch of `epoch` was to hold, `loss`
  // what it gave. A batch of another epoch ends the pass before.
  void Add(absl::Duration now, uint64_t epoch, uint64_t positions, const LossSum& loss);
  // The last batch of its epoch has been added.
  void EndPass();

  // Since the start.
  uint64_t samples() const { return samples_; }
  const LossSum& loss() const { return total_; }

  // Mean loss of the last 100 iterations, or of the last whole pass if
  // `finished` and there was one. 0 while there is none.
  double RecentLoss(bool finished) const;

  // Over the last 10 seconds or so; 0 before the second iteration.
  double SamplesPerSecond(absl::Duration now) const;
  double IterationsPerSecond(absl::Duration now) const;

 private:
  struct Point {
    absl::Duration at;
    uint64_t iterations = 0;
    uint64_t samples = 0;
  };

  uint64_t iterations_ = 0;
  uint64_t samples_ = 0;
  LossSum total_;
  uint64_t epoch_ = 0;
  LossSum pass_;
  double last_pass_mean_ = 0;
  bool has_pass_ = false;
  std::deque<LossSum> recent_;
  // One about every tenth of a second.
  std::deque<Point> points_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_PROGRESS_METER_H_

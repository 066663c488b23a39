// How long a rank's iterations take, and how much of that it waits.
#ifndef PACELINE_WORKER_CORE_TASK_STEP_TIMES_H_
#define PACELINE_WORKER_CORE_TASK_STEP_TIMES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "common/metrics/histogram.h"
#include "proto/node.pb.h"

namespace paceline::worker {

// Iterations that the recent means are of, at most.
inline constexpr size_t kRecentSteps = 100;
// They ended within so much of the newest.
inline constexpr absl::Duration kRecentTime = absl::Seconds(5);

// Thread-compatible. Add allocates nothing.
class StepTimes {
 public:
  // An iteration ended at `now`, a point of one monotonic clock: `step` is all of it, `wait`
  // what of it was spent waiting for pulls and acknowledgements.
  void Add(absl::Duration now, absl::Duration step, absl::Duration wait);

  // step_seconds, wait_seconds and their recent means; nothing before the first iteration.
  void Fill(v1::TaskProgress* progress) const;

 private:
  struct Step {
    absl::Duration ended;
    absl::Duration step;
    absl::Duration wait;
  };

  metrics::Histogram steps_{Bounds()};
  metrics::Histogram waits_{Bounds()};
  uint64_t added_ = 0;
  // The i-th is that of iteration i modulo its size.
  std::array<Step, kRecentSteps> recent_;

  // 1 ms .. 100 s [seconds].
  static std::vector<double> Bounds();
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_TASK_STEP_TIMES_H_

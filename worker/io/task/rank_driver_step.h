// Private to rank_driver: what belongs to one iteration.
#ifndef PACELINE_WORKER_IO_TASK_RANK_DRIVER_STEP_H_
#define PACELINE_WORKER_IO_TASK_RANK_DRIVER_STEP_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "worker/core/batch.h"
#include "worker/core/model.h"
#include "worker/core/task/batch_selection.h"
#include "worker/io/task/rank_driver.h"

namespace paceline::worker {

// Used by one loop after the other, handed over by a closure; only `added` and
// finished tables of `gradients` are used by the event loop while the compute loop
// is at work.
struct RankDriver::Step {
  uint64_t iteration = 0;
  IterationBatch selected;
  Batch batch;
  std::vector<std::vector<uint64_t>> keys;
  std::shared_ptr<const Parameters> parameters;
  std::shared_ptr<Gradients> gradients;
  LossSum loss;
  // Nothing is pushed: no records, or a gradient that is not finite.
  bool empty = false;
  bool skipped = false;
  // For step times and the choice of codecs; transfers are what the iteration waited for.
  // Event loop.
  struct Transfer {
    absl::Duration began;
    absl::Duration time;
    uint64_t bytes = 0;
  };
  Transfer pull;
  Transfer compute;
  Transfer push;
  // When its batch was asked for, and, for the trace, when its first frame left. Event loop.
  absl::Duration began;
  std::optional<absl::Duration> first_push;
  // Tables that the push has taken in. Event loop.
  std::vector<bool> added;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_TASK_RANK_DRIVER_STEP_H_

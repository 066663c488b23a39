// What the evaluations of a job, one after the other, make of it: which is the best, and
// when training ends because none was better for long.
//
// An evaluation is better than the best before it by the job's metric (evaluation.metric),
// by more than evaluation.min_delta (common/spec/eval_metrics.h); the first that measured
// the metric is the best of those before it. After evaluation.patience in a row that were not
// better, the last of them before iteration r, training ends after
//
//   r + 2 * train.eval_every_iterations
//
// iterations of each rank: a function of the evaluations alone, and under bsp late enough to
// be heard by all ranks, since rank 0 does not go beyond r + eval_every_iterations before the
// scheduler has taken evaluation r in.
//
// Thread-compatible.
#ifndef PACELINE_SCHEDULER_CORE_LIFECYCLE_EARLY_STOPPING_H_
#define PACELINE_SCHEDULER_CORE_LIFECYCLE_EARLY_STOPPING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "proto/cluster.pb.h"
#include "proto/state.pb.h"

namespace paceline::scheduler {

class EarlyStopping {
 public:
  // Goes on from the evaluations that the job's record has. Its spec has its defaults.
  explicit EarlyStopping(const v1::JobRecord& job);

  // The iteration before which the last evaluation was.
  uint64_t last() const { return last_; }

  // Takes the next evaluation, which is behind last(). True: it is the best of all.
  bool Take(const v1::EvalPoint& point);

  // Iterations after which training ends, by the evaluations so far.
  std::optional<uint64_t> End() const;
  // "stopped early: loss has not got better than 0.41 (iteration 300) in 3 evaluations".
  std::string Reason() const;

 private:
  const v1::EvaluationSpec spec_;
  const uint64_t every_;
  uint64_t last_;
  std::optional<v1::EvalPoint> best_;
  uint32_t since_best_;
};

}  // namespace paceline::scheduler

#endif  // PACELINE_SCHEDULER_CORE_LIFECYCLE_EARLY_STOPPING_H_

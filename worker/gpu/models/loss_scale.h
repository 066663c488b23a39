// The factor on the loss under fp16: gradients inside the GPU carry it, so that small ones
// do not vanish; those that leave it do not.
//
// A power of two changes no bits but those of values that vanish or overflow. Which one is
// taken depends on nothing but the step itself, so that a step that is computed again, by
// whichever task, gives the same bytes: each starts at the greatest and halves it as long
// as something overflows.
#ifndef PACELINE_WORKER_GPU_MODELS_LOSS_SCALE_H_
#define PACELINE_WORKER_GPU_MODELS_LOSS_SCALE_H_

#include <optional>

#include "proto/job.pb.h"

namespace paceline::worker {

// Immutable.
class LossScale {
 public:
  // Of train.precision and train.loss_scale.
  explicit LossScale(const v1::TrainSpec& train);

  // What a step starts with; 1 but under fp16.
  float first() const { return first_; }
  // What it goes on with after `scale` has overflowed; nothing: the gradient itself is not
  // finite, or the scale is given.
  std::optional<float> After(float scale) const;
  // Whether a step has to look for overflow.
  bool can_overflow() const { return searches_; }

 private:
  float first_ = 1;
  bool searches_ = false;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LOSS_SCALE_H_

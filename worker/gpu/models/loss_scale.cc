#include "worker/gpu/models/loss_scale.h"

namespace paceline::worker {
namespace {

constexpr float kGreatest = 65536;
// Below it the gradient of a sample would have to be beyond 65504 by itself.
constexpr float kLeast = 1.0f / 65536;

}  // namespace

LossScale::LossScale(const v1::TrainSpec& train) {
  if (train.precision() != v1::PRECISION_FP16) return;
  searches_ = train.loss_scale() == 0;
  first_ = searches_ ? kGreatest : static_cast<float>(train.loss_scale());
}

std::optional<float> LossScale::After(float scale) const {
  if (!searches_ || scale <= kLeast) return std::nullopt;
  return scale / 2;
}

}  // namespace paceline::worker

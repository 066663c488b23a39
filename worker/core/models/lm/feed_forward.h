// The second half of a block: x += dropout(down(gelu(up(norm(x))))), up to four times the
// width and down again.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_FEED_FORWARD_H_
#define PACELINE_WORKER_CORE_MODELS_LM_FEED_FORWARD_H_

#include <cstdint>
#include <vector>

#include "worker/core/models/lm/lm_pass.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/core/models/lm/norm_layer.h"

namespace paceline::worker {

// Keeps what its backward pass needs of the newest chunk. Thread-compatible.
class FeedForward {
 public:
  // `scratch` outlives the layer.
  FeedForward(const LmShape& shape, uint64_t layer, LmScratch* scratch);

  // x [rows, width], in place.
  void Forward(const LmPass& pass, std::vector<float>* x);

  // From the gradient of what Forward left to that of what it got, in place.
  void Backward(const LmPass& pass, const LmGradients& gradients, std::vector<float>* dx);

 private:
  const LmShape shape_;
  const uint64_t layer_;
  LmScratch* const scratch_;
  NormLayer norm_;
  // [rows, 4 * width]: before and after gelu.
  std::vector<float> z_;
  std::vector<float> a_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_FEED_FORWARD_H_

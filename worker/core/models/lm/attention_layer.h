// The first half of a block: x += dropout(out(attention(qkv(norm(x))))).
#ifndef PACELINE_WORKER_CORE_MODELS_LM_ATTENTION_LAYER_H_
#define PACELINE_WORKER_CORE_MODELS_LM_ATTENTION_LAYER_H_

#include <cstdint>
#include <vector>

#include "worker/core/models/lm/attention.h"
#include "worker/core/models/lm/lm_pass.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/core/models/lm/norm_layer.h"
#include "worker/core/models/lm/rotary.h"

namespace paceline::worker {

// Keeps what its backward pass needs of the newest chunk. Thread-compatible.
class AttentionLayer {
 public:
  // `rotary`: null with learned positions. It and `scratch` outlive the layer.
  AttentionLayer(const LmShape& shape, uint64_t layer, const Rotary* rotary, LmScratch* scratch);

  // x [rows, width], in place.
  void Forward(const LmPass& pass, std::vector<float>* x);

  // From the gradient of what Forward left to that of what it got, in place.
  void Backward(const LmPass& pass, const LmGradients& gradients, std::vector<float>* dx);

 private:
  // Between rows of [rows, columns] that hold a head's values from column `first` on, and
  // that head's rows one after the other, which is what products of matrices want.
  void Gather(const LmPass& pass, const float* rows, uint64_t columns, uint64_t first,
              float* heads) const;
  void Scatter(const LmPass& pass, const float* heads, uint64_t columns, uint64_t first,
               float* rows) const;

  const LmShape shape_;
  const uint64_t layer_;
  const Rotary* const rotary_;
  LmScratch* const scratch_;
  NormLayer norm_;
  CausalAttention attention_;
  // [sequences, heads, length, head width]
  std::vector<float> q_;
  std::vector<float> k_;
  std::vector<float> v_;
  // [rows, width]
  std::vector<float> attended_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_ATTENTION_LAYER_H_

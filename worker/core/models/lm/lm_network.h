// A transformer over bytes, forward and backward, for a chunk of windows at a time.
//
//   x = embedding[byte] (+ position[t]);  blocks of attention_layer.h and feed_forward.h;
//   logits = norm(x) * embedding^T
//
//   network.Forward(bytes, pass);             // network.logits() [rows, 256]
//   ... logits become their gradient ...      // network.mutable_logits()
//   network.Backward(bytes, pass, gradients);
//
// Memory: about (16 * layers + 11) * width + 256 floats for each row of a chunk, and two blocks of
// attention.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_LM_NETWORK_H_
#define PACELINE_WORKER_CORE_MODELS_LM_LM_NETWORK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "worker/core/models/lm/attention_layer.h"
#include "worker/core/models/lm/feed_forward.h"
#include "worker/core/models/lm/lm_pass.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/core/models/lm/norm_layer.h"
#include "worker/core/models/lm/rotary.h"

namespace paceline::worker {

// Thread-compatible.
class LmNetwork {
 public:
  explicit LmNetwork(const LmShape& shape);
  LmNetwork(const LmNetwork&) = delete;
  LmNetwork& operator=(const LmNetwork&) = delete;

  // `bytes` [pass.rows()]; pass.length is at most the context; pass.parameters are those of
  // the model's tables.
  void Forward(absl::Span<const uint8_t> bytes, const LmPass& pass);

  // [rows, 256]: of the byte that follows each position.
  const std::vector<float>& logits() const { return logits_; }
  std::vector<float>* mutable_logits() { return &logits_; }

  // After Forward of the same chunk, with the gradient of the logits in their place. Tables
  // become ready from the last layer to the first, the embedding at the end.
  void Backward(absl::Span<const uint8_t> bytes, const LmPass& pass, const LmGradients& gradients);

 private:
  const LmShape shape_;
  const Rotary rotary_;
  LmScratch scratch_;
  std::vector<std::unique_ptr<AttentionLayer>> attentions_;
  std::vector<std::unique_ptr<FeedForward>> feed_forwards_;
  NormLayer norm_;
  // [rows, width]: what goes through the blocks, and its gradient.
  std::vector<float> x_;
  std::vector<float> logits_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_LM_NETWORK_H_

// Causal attention of one head over one window: each position looks at itself and at
// those before it (Vaswani et al., 2017).
//
//   p = softmax over positions j <= i of <q_i, k_j> / sqrt(width);  out_i = sum_j p_ij v_j
//
// q, k, v and out are [length, width] row-major. Queries are taken in blocks, and a block
// meets only keys up to its end; its probabilities are computed again in the backward pass,
// so that memory is that of one block: kQueryBlock * length values, twice.
//
// Thread-compatible.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_ATTENTION_H_
#define PACELINE_WORKER_CORE_MODELS_LM_ATTENTION_H_

#include <cstdint>
#include <vector>

namespace paceline::worker {

class CausalAttention {
 public:
  static constexpr uint64_t kQueryBlock = 128;

  explicit CausalAttention(uint64_t width);

  void Forward(uint64_t length, const float* q, const float* k, const float* v, float* out);

  // From dout, the gradient of out, to those of q, k and v, which are overwritten.
  void Backward(uint64_t length, const float* q, const float* k, const float* v, const float* dout,
                float* dq, float* dk, float* dv);

 private:
  // Probabilities [rows, first + rows] of queries from `first` on, in p_.
  void Probabilities(uint64_t first, uint64_t rows, const float* q, const float* k);

  const uint64_t width_;
  const float scale_;
  std::vector<float> p_;
  std::vector<float> dp_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_ATTENTION_H_

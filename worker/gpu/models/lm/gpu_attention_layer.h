// The first half of a block on a GPU: x += dropout(out(attention(qkv(norm(x))))).
//
// Attention is the plain one: the scores of every head of every window of the chunk as one
// batch of products, a softmax with the causal mask, a product with the values. Its
// probabilities are computed again in the backward pass, so that all layers share the memory
// of two such matrices: 2 * sequences * heads * length^2 values.
#ifndef PACELINE_WORKER_GPU_MODELS_LM_GPU_ATTENTION_LAYER_H_
#define PACELINE_WORKER_GPU_MODELS_LM_GPU_ATTENTION_LAYER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/lm/gpu_dense.h"
#include "worker/gpu/models/lm/gpu_lm_pass.h"
#include "worker/gpu/models/lm/gpu_norm_layer.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/heads.h"

namespace paceline::worker {

// Keeps what its backward pass needs of the newest chunk. Thread-compatible.
class GpuAttentionLayer {
 public:
  // `scratch` outlives the layer.
  GpuAttentionLayer(gpu::Gpu* gpu, const LmShape& shape, uint64_t layer, GpuLmScratch* scratch);

  // x [rows, width], in place. `rotation`: of no table with learned positions.
  absl::Status Forward(const GpuLmPass& pass, const gpu::Rotation& rotation, float* x);

  // From the gradient of what Forward left to that of what it got, in place.
  absl::Status Backward(const GpuLmPass& pass, const gpu::Rotation& rotation,
                        const GpuLmGradients& gradients, float* dx);

 private:
  gpu::HeadsShape HeadsOf(const GpuLmPass& pass) const;
  // Of queries, keys or values among the columns of qkv.
  gpu::HeadsColumns PartOf(uint64_t part) const { return {3 * shape_.width, part * shape_.width}; }
  // Products of one head's matrices for each head of each window.
  absl::Status Multiply(const GpuLmPass& pass, Products::Shape shape, const Factor& a,
                        const Factor& b, float* c) const;
  // In scratch's p.
  absl::Status Probabilities(const GpuLmPass& pass);
  // From dout, the gradient of what attention gave, to those of q, k and v in scratch.
  absl::Status AttentionBackward(const GpuLmPass& pass, const Factor& dout);

  const LmShape shape_;
  const uint64_t layer_;
  const float scale_;
  GpuLmScratch* const scratch_;
  GpuNormLayer norm_;
  GpuDense qkv_;
  GpuDense out_;
  // [sequences, heads, length, head width]
  FactorBuffer q_;
  FactorBuffer k_;
  FactorBuffer v_;
  // [rows, width]
  FactorBuffer attended_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LM_GPU_ATTENTION_LAYER_H_

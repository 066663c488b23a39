// A transformer over bytes on a GPU, forward and backward, for a chunk of windows at a time;
// worker/core/models/lm/lm_network.h has the formulas.
//
//   network.Forward(pass, inputs)                        // network.logits() [rows, 256]
//   ... their gradient comes into logits_gradient() ...
//   network.Backward(pass, inputs, gradients)
#ifndef PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_NETWORK_H_
#define PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_NETWORK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/lm/gpu_attention_layer.h"
#include "worker/gpu/models/lm/gpu_feed_forward.h"
#include "worker/gpu/models/lm/gpu_lm_pass.h"
#include "worker/gpu/models/lm/gpu_norm_layer.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/heads.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Thread-compatible; the GPU outlives it.
class GpuLmNetwork {
 public:
  GpuLmNetwork(gpu::Gpu* gpu, const LmShape& shape);
  GpuLmNetwork(const GpuLmNetwork&) = delete;
  GpuLmNetwork& operator=(const GpuLmNetwork&) = delete;

  // An upper bound of what it takes of the device for each row of a chunk of windows.
  static uint64_t BytesPerRow(const LmShape& shape, const Products& products);

  // `inputs` [pass.rows()], on the device; pass.length is the context.
  absl::Status Forward(const GpuLmPass& pass, const uint32_t* inputs);

  // [rows, 256]: of the byte that follows each position, until Backward.
  float* logits() const { return logits_.as<float>(); }
  // [rows, 256], after Forward.
  const FactorBuffer& logits_gradient() const { return logits_gradient_; }

  // After Forward of the same chunk. Tables are done from the last layer to the first, the
  // embedding at the end.
  absl::Status Backward(const GpuLmPass& pass, const uint32_t* inputs,
                        const GpuLmGradients& gradients);

 private:
  // Of what goes into the output layer; dx [rows, width] comes into scratch's narrow.
  absl::Status OutputBackward(const GpuLmPass& pass, const GpuLmGradients& gradients);
  // Of what reads the tables at the bottom.
  absl::Status InputBackward(const GpuLmPass& pass, const uint32_t* inputs,
                             const GpuLmGradients& gradients);
  // Null tables with learned positions.
  gpu::Rotation rotation() const;

  gpu::Gpu* const gpu_;
  const LmShape shape_;
  // Of sums of rows, which are rounded in no precision.
  const Products exact_;
  GpuLmScratch scratch_;
  std::vector<std::unique_ptr<GpuAttentionLayer>> attentions_;
  std::vector<std::unique_ptr<GpuFeedForward>> feed_forwards_;
  GpuNormLayer norm_;
  // [context, head width / 2]
  gpu::DeviceBuffer cosines_;
  gpu::DeviceBuffer sines_;
  gpu::DeviceBuffer embedding_rounded_;
  // Of the newest Forward.
  Factor embedding_;
  // [rows, width]: what goes through the blocks, and its gradient.
  gpu::DeviceBuffer x_;
  gpu::DeviceBuffer logits_;
  FactorBuffer logits_gradient_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_LM_GPU_LM_NETWORK_H_

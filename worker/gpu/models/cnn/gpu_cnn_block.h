// One block on a GPU: convolution, bias or batch norm, activation, maximum over windows.
// worker/core/models/cnn/cnn_block.h is the CPU's.
#ifndef PACELINE_WORKER_GPU_MODELS_CNN_GPU_CNN_BLOCK_H_
#define PACELINE_WORKER_GPU_MODELS_CNN_GPU_CNN_BLOCK_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tables/cnn_tables.h"
#include "worker/gpu/models/cnn/gpu_conv_layer.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/max_pool.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Remembers the last Forward. Enqueued on the step's stream. Thread-compatible; the GPU
// outlives it.
class GpuCnnBlock {
 public:
  // Its tables are bias and weight, or with batch norm mean, scale, shift, variance and
  // weight, from first_table on.
  GpuCnnBlock(gpu::Gpu* gpu, const ConvBlock& block, bool batch_norm,
              gpu::ActivationKind activation, int first_table, const Products& products);

  // Floats that one sample takes in Forward.
  static uint64_t ValuesPerSample(const ConvBlock& block, bool batch_norm);

  // Returns out [n, block.out] of in [n, block.in]; it is there until the next call. In
  // training batch norm is by the batch, else by running statistics.
  absl::StatusOr<float*> Forward(const GpuStep& step, uint64_t n, const float* in);

  // The gradients of its tables, without the step's loss scale, from that of out, which has
  // it and is lost; of running statistics what they lack times `statistics_step`. Leaves the
  // gradient of in at `in_gradient`, if that is not null. `done` follows each table.
  absl::Status Backward(const GpuStep& step, uint64_t n, const float* in, float statistics_step,
                        float* out_gradient, float* in_gradient, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done);

 private:
  int weight() const { return batch_norm_ ? first_table_ + 4 : first_table_ + 1; }
  // z's gradient becomes that of what the convolution made, also rounded to `half`.
  absl::Status BatchNormBackward(const GpuStep& step, uint64_t rows, float statistics_step,
                                 float* gradient, gpu::HalfOut half, DeviceGradients* gradients,
                                 const std::function<absl::Status(int table)>& done);
  absl::Status MoveStatistics(const GpuStep& step, uint64_t rows, float statistics_step, int table,
                              const float* batch, DeviceGradients* gradients);

  gpu::Gpu* const gpu_;
  const ConvBlock block_;
  const bool batch_norm_;
  const gpu::ActivationKind activation_;
  const int first_table_;
  const Products products_;
  const gpu::PoolShape pool_;
  GpuConvLayer conv_;
  // What is normalised, what goes into the activation, and what comes out of it,
  // [n, block.convolved].
  gpu::DeviceBuffer normalised_;
  gpu::DeviceBuffer z_;
  gpu::DeviceBuffer a_;
  // [n, block.out]
  gpu::DeviceBuffer out_;
  gpu::DeviceBuffer chosen_;
  gpu::DeviceBuffer z_gradient_;
  gpu::DeviceBuffer z_gradient_half_;
  // Of the batch, [channels].
  gpu::DeviceBuffer mean_;
  gpu::DeviceBuffer variance_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_CNN_GPU_CNN_BLOCK_H_

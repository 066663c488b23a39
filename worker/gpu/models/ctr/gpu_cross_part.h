// The cross part of dcn on a GPU: cross layers, and what they give the output.
//
//   u_l = x_l * weight_l + bias_l;  x_{l+1} = x * u_l + x_l;  z += <x_last, output>
//
// worker/core/models/ctr/cross_layers.h is the CPU's.
#ifndef PACELINE_WORKER_GPU_MODELS_CTR_GPU_CROSS_PART_H_
#define PACELINE_WORKER_GPU_MODELS_CTR_GPU_CROSS_PART_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Keeps what Forward leaves for Backward. Thread-compatible; the GPU outlives it.
class GpuCrossPart {
 public:
  // Bias and weight of layer l are tables first_table + 2 l and first_table + 2 l + 1; x has
  // `width` values.
  GpuCrossPart(gpu::Gpu* gpu, int first_table, int layers, int output_table, uint64_t width,
               const Products& products);

  // Adds to z [n] of x [n, width], which stays as it is until Backward.
  absl::Status Forward(const GpuStep& step, const Factor& x, float* z);
  // The gradients of the tables, without the step's loss scale, from that of z [n], which has
  // it; `done` follows each, the output's first. Adds the gradient of x to x_gradient
  // [n, width].
  absl::Status Backward(const GpuStep& step, const Factor& z_gradient, DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done, float* x_gradient);

 private:
  struct Layer {
    explicit Layer(gpu::Gpu* gpu);

    gpu::DeviceBuffer weight_half;
    Factor weight;
    // [n, width]
    gpu::DeviceBuffer u;
    FactorBuffer out;
    // What it works on.
    Factor in;
  };

  int BiasOf(int layer) const { return first_table_ + 2 * layer; }
  int WeightOf(int layer) const { return first_table_ + 2 * layer + 1; }
  // The layer's values.
  absl::StatusOr<Factor> Cross(const GpuStep& step, int l);
  absl::Status OutputGradient(const GpuStep& step, const Factor& z_gradient,
                              DeviceGradients* gradients);
  // From the gradient of the layer's values, in gradient_, to that of its u.
  absl::StatusOr<Factor> Uncross(const GpuStep& step, int l, float* x_gradient);
  absl::Status TableGradients(const GpuStep& step, int l, const Factor& u_gradient,
                              DeviceGradients* gradients);

  const int first_table_;
  const int output_table_;
  const uint64_t width_;
  const Products products_;
  std::vector<Layer> layers_;
  gpu::DeviceBuffer output_half_;
  Factor output_;
  // The last layer's values.
  Factor crossed_;
  // Of a layer's values, and of its u, [n, width].
  gpu::DeviceBuffer gradient_;
  FactorBuffer u_gradient_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_CTR_GPU_CROSS_PART_H_

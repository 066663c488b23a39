// Layers on a GPU that each see all of the one below: hidden layers with activation and
// dropout, then a linear one. worker/core/models/dense_layers.h is the CPU's, and drops the
// same values.
//
//   z_l = a_l * weight_l + bias_l;  a_{l+1} = dropped(activation(z_l))
#ifndef PACELINE_WORKER_GPU_MODELS_GPU_DENSE_LAYERS_H_
#define PACELINE_WORKER_GPU_MODELS_GPU_DENSE_LAYERS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/node.pb.h"
#include "worker/gpu/models/factor_buffer.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Keeps what Forward leaves for Backward. Enqueued on the step's stream. Thread-compatible;
// the GPU outlives it.
class GpuDenseLayers {
 public:
  // `layers`, of which the last is the linear one; bias and weight of layer l are tables
  // first_table + 2 l and first_table + 2 l + 1. `dropout`: the part of hidden values that
  // training drops, in [0, 1), chosen by `seed`.
  GpuDenseLayers(gpu::Gpu* gpu, const std::vector<v1::TableSpec>& tables, int first_table,
                 int layers, gpu::ActivationKind activation, const Products& products,
                 double dropout = 0, uint64_t seed = 0);

  // Floats that one sample takes in Forward, beside its input.
  uint64_t ValuesPerSample() const;

  // Writes z [n, outputs] of x [n, inputs], which stays as it is until Backward. In training
  // with dropout, of the batch's first n samples.
  absl::Status Forward(const GpuStep& step, uint64_t n, const Factor& x, float* z);
  // The gradients of the tables, without the step's loss scale, from that of z, which has it;
  // `done` follows each, upper layers first. Writes the gradient of x [n, inputs].
  absl::Status Backward(const GpuStep& step, uint64_t n, const Factor& z_gradient,
                        DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done, float* x_gradient);

 private:
  struct Layer {
    explicit Layer(gpu::Gpu* gpu);

    // Of the layer's own table.
    gpu::DeviceBuffer weight_half;
    Factor weight;
    // What it works on.
    Factor in;
    // [n, units] of a hidden layer: before and after the activation, and the gradient of the
    // former.
    gpu::DeviceBuffer z;
    FactorBuffer a;
    FactorBuffer z_gradient;
  };

  int BiasOf(int layer) const { return first_table_ + 2 * layer; }
  int WeightOf(int layer) const { return first_table_ + 2 * layer + 1; }
  int last() const { return static_cast<int>(layers_.size()) - 1; }
  gpu::DropoutMask MaskOf(const GpuStep& step, int layer) const;
  absl::Status Linear(const GpuStep& step, uint64_t n, int l, float* z);
  // A hidden layer; the next one's input.
  absl::StatusOr<Factor> Hidden(const GpuStep& step, uint64_t n, int l);
  absl::Status TableGradients(const GpuStep& step, uint64_t n, int l, const Factor& z_gradient,
                              DeviceGradients* gradients);
  absl::Status InputGradient(const GpuStep& step, uint64_t n, int l, const Factor& z_gradient,
                             float* gradient) const;
  // From the gradient of the layer's z to that of the layer below.
  absl::StatusOr<Factor> Descend(const GpuStep& step, uint64_t n, int l, const Factor& z_gradient);

  const int first_table_;
  const gpu::ActivationKind activation_;
  const Products products_;
  const double dropout_;
  const uint64_t seed_;
  // Inputs of the first layer, outputs of each.
  std::vector<uint64_t> widths_;
  std::vector<Layer> layers_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_GPU_DENSE_LAYERS_H_

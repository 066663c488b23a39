// Layers on a GPU that each see all of the one below: hidden layers with activation and
// dropout, then a linear one. worker/core/models/dense_layers.h is the CPU's, and drops the
// same values.
#ifndef PACELINE_WORKER_GPU_MODELS_CNN_GPU_DENSE_LAYERS_H_
#define PACELINE_WORKER_GPU_MODELS_CNN_GPU_DENSE_LAYERS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/node.pb.h"
#include "worker/gpu/models/gpu_model.h"
#include "worker/gpu/models/products.h"
#include "worker/gpu/ops/activation.h"
#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

// Remembers the last Forward. Enqueued on the step's stream. Thread-compatible; the GPU
// outlives it.
class GpuDenseLayers {
 public:
  // `layers`, of which the last is the linear one; bias and weight of layer l are tables
  // first_table + 2 l and first_table + 2 l + 1. `dropout`: the part of hidden values that
  // training drops, in [0, 1).
  GpuDenseLayers(gpu::Gpu* gpu, const std::vector<v1::TableSpec>& tables, int first_table,
                 int layers, gpu::ActivationKind activation, double dropout, uint64_t seed,
                 const Products& products);

  // Floats that one sample takes in Forward, beside its input.
  uint64_t ValuesPerSample() const;

  // out [n, outputs] of in [n, inputs]. In training with dropout, of the batch's first n
  // samples.
  absl::Status Forward(const GpuStep& step, uint64_t n, const float* in, float* out);

  // Where the gradient of out goes, [n, outputs], and where it goes rounded.
  struct Gradient {
    float* values = nullptr;
    gpu::HalfOut half;
  };
  absl::StatusOr<Gradient> PlaceGradient(uint64_t n);

  // The gradients of weights and biases, upper layers first, without the step's loss scale,
  // from what is at PlaceGradient, which has it; leaves that of in at in_gradient. `done`
  // follows each table.
  absl::Status Backward(const GpuStep& step, uint64_t n, float* in_gradient,
                        DeviceGradients* gradients,
                        const std::function<absl::Status(int table)>& done);

 private:
  struct Layer {
    explicit Layer(gpu::Gpu* gpu);

    // [n, units]; of the last layer none.
    gpu::DeviceBuffer z;
    gpu::DeviceBuffer a;
    gpu::DeviceBuffer a_half;
    gpu::DeviceBuffer weight_half;
    gpu::DeviceBuffer z_gradient;
    gpu::DeviceBuffer z_gradient_half;
    // What goes into the layer, its weight, and the gradient of z.
    Factor in;
    Factor weight;
    Factor gradient;
  };

  int BiasOf(int layer) const { return first_table_ + 2 * layer; }
  int WeightOf(int layer) const { return first_table_ + 2 * layer + 1; }
  int last() const { return static_cast<int>(layers_.size()) - 1; }
  gpu::DropoutMask MaskOf(const GpuStep& step, int layer) const;
  // Bias, activation and dropout of a hidden layer, whose z is the product.
  absl::Status Activate(const GpuStep& step, uint64_t n, int layer);
  absl::StatusOr<Gradient> PlaceGradientOf(uint64_t n, int layer);

  gpu::Gpu* const gpu_;
  const int first_table_;
  const gpu::ActivationKind activation_;
  const double dropout_;
  const uint64_t seed_;
  const Products products_;
  // Inputs of the first layer, outputs of each.
  std::vector<uint64_t> widths_;
  std::vector<Layer> layers_;
  gpu::DeviceBuffer in_half_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_GPU_MODELS_CNN_GPU_DENSE_LAYERS_H_

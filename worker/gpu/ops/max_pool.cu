#include "worker/gpu/ops/for_each_value.cuh"
#include "worker/gpu/ops/max_pool.h"

namespace paceline::gpu {
namespace {

// By values of out: neighbouring threads have neighbouring channels.
struct MaxPoolOp {
  PoolShape shape;
  const float* in;
  float* out;
  uint32_t* chosen;

  template <class Index>
  __device__ void At(Index index) const {
    const Index c = index % shape.channels;
    const Index pixel = index / shape.channels;
    const Index out_width = shape.width / shape.pool;
    const Index x = pixel % out_width;
    // Rows of all images, one behind the other.
    const Index row = pixel / out_width;
    const Index out_height = shape.height / shape.pool;
    const Index y = row / out_height * shape.height + row % out_height * shape.pool;
    const float* const first = in + (y * shape.width + x * shape.pool) * shape.channels + c;
    float best = *first;
    uint32_t at = 0;
    for (uint32_t k = 1; k < shape.pool * shape.pool; ++k) {
      const Index beyond = Index{k / shape.pool} * shape.width + k % shape.pool;
      const float value = first[beyond * shape.channels];
      const bool greater = value > best || value != value;
      best = greater ? value : best;
      at = greater ? k : at;
    }
    out[index] = best;
    chosen[index] = at;
  }
};

// By values of in, of which each is in one window at most.
struct MaxPoolGradientOp {
  PoolShape shape;
  const float* out_gradient;
  const uint32_t* chosen;
  float* in_gradient;

  template <class Index>
  __device__ void At(Index index) const {
    const Index c = index % shape.channels;
    const Index pixel = index / shape.channels;
    const Index x = pixel % shape.width;
    const Index row = pixel / shape.width;
    const Index y = row % shape.height;
    const Index out_width = shape.width / shape.pool;
    const Index out_height = shape.height / shape.pool;
    const Index out_x = x / shape.pool;
    const Index out_y = y / shape.pool;
    float gradient = 0;
    if (out_x < out_width && out_y < out_height) {
      const Index window =
          ((row / shape.height * out_height + out_y) * out_width + out_x) * shape.channels + c;
      const Index place = y % shape.pool * shape.pool + x % shape.pool;
      if (chosen[window] == place) gradient = out_gradient[window];
    }
    in_gradient[index] = gradient;
  }
};

}  // namespace

Launched MaxPool(uint64_t n, const PoolShape& shape, const float* in, float* out, uint32_t* chosen,
                 StreamHandle stream) {
  return ForEachValue("MaxPool: cudaLaunchKernel", MaxPoolOp{shape, in, out, chosen},
                      n * shape.out_values(), n * shape.in_values(), stream);
}

Launched MaxPoolGradient(uint64_t n, const PoolShape& shape, const float* out_gradient,
                         const uint32_t* chosen, float* in_gradient, StreamHandle stream) {
  return ForEachValue("MaxPoolGradient: cudaLaunchKernel",
                      MaxPoolGradientOp{shape, out_gradient, chosen, in_gradient},
                      n * shape.in_values(), n * shape.in_values(), stream);
}

}  // namespace paceline::gpu

// The cross layers of DCN v2 (Wang et al., WWW 2021), with x_0 = x:
//
//   u_l = x_l * weight_l + bias_l;  x_{l+1} = x * u_l + x_l        by element
//
// so that x_l holds products of up to l + 1 values of x.
#ifndef PACELINE_WORKER_CORE_MODELS_CTR_CROSS_LAYERS_H_
#define PACELINE_WORKER_CORE_MODELS_CTR_CROSS_LAYERS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Remembers the last Forward. Owned by one thread: the runner's.
class CrossLayers {
 public:
  // Bias and weight of layer l are tables first_table + 2 l and first_table + 2 l + 1; x has
  // `width` values.
  CrossLayers(int first_table, int layers, uint64_t width);

  // Returns the last layer's values [n, width] of x [n, width], valid until the next Forward.
  absl::Span<const float> Forward(absl::Span<const float> x, const Parameters& parameters);

  // `gradient` [n, width] is that of the last layer's values. Sets the gradients of weights and
  // biases, upper layers first, calls done(table) behind each, and adds the gradient of x to
  // `x_gradient` [n, width].
  void Backward(absl::Span<const float> x, const Parameters& parameters,
                std::vector<float> gradient, Gradients* gradients, const GradientReady& done,
                absl::Span<float> x_gradient);

 private:
  const int first_table_;
  const uint64_t width_;
  // Of each layer, [n, width].
  std::vector<std::vector<float>> u_;
  std::vector<std::vector<float>> out_;
  std::vector<float> u_gradient_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_CTR_CROSS_LAYERS_H_

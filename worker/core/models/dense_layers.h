// Layers that each see all of the one below: hidden layers with activation and dropout, then a
// linear one, whose values are the outputs (of a cnn one for each class, of a click model one).
//
//   z_l = a_l * weight_l + bias_l;  a_{l+1} = dropout(activation(z_l))
#ifndef PACELINE_WORKER_CORE_MODELS_DENSE_LAYERS_H_
#define PACELINE_WORKER_CORE_MODELS_DENSE_LAYERS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "worker/core/math/activations.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Remembers the last Forward. Owned by one thread: the runner's.
class DenseLayers {
 public:
  // Whose samples: what dropout is a function of.
  struct Samples {
    uint32_t rank = 0;
    uint64_t iteration = 0;
    // Place of the first one in the rank's batch, and how many.
    uint64_t first = 0;
    uint64_t count = 0;
  };

  // `layers`, of which the last is the linear one; bias and weight of layer l are tables
  // first_table + 2 l and first_table + 2 l + 1. `dropout`: the part of hidden values that
  // training drops, in [0, 1).
  DenseLayers(const std::vector<v1::TableSpec>& tables, int first_table, int layers,
              ActivationFunction activation, double dropout, uint64_t seed);

  // Writes out [count, outputs] of in [count, inputs]. `training`: with dropout.
  void Forward(const Samples& samples, absl::Span<const float> in, const Parameters& parameters,
               bool training, absl::Span<float> out);

  // Adds the gradients of weights and biases, upper layers first, and calls done(table) behind
  // each; takes the gradient of out in `gradient` and leaves that of in there.
  void Backward(const Samples& samples, absl::Span<const float> in, const Parameters& parameters,
                std::vector<float>* gradient, Gradients* gradients, const GradientReady& done);

 private:
  int BiasOf(int layer) const { return first_table_ + 2 * layer; }
  int WeightOf(int layer) const { return first_table_ + 2 * layer + 1; }

  const int first_table_;
  const ActivationFunction activation_;
  const double dropout_;
  const uint64_t seed_;
  // Inputs of the first layer, outputs of each.
  std::vector<uint64_t> widths_;
  // Of each hidden layer, [count, units].
  std::vector<std::vector<float>> z_;
  std::vector<std::vector<float>> a_;
  std::vector<float> below_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_DENSE_LAYERS_H_

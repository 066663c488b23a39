// Gradients by central differences, which know nothing of how a loss is computed.
#ifndef PACELINE_WORKER_CORE_MODELS_NUMERICAL_GRADIENT_H_
#define PACELINE_WORKER_CORE_MODELS_NUMERICAL_GRADIENT_H_

#include <cstddef>
#include <vector>

namespace paceline::worker::testing {

// Rows of each table, as Parameters, in float64.
using Values = std::vector<std::vector<double>>;

// Of `loss`, a double of Values, at `at`: the error of each entry falls with h^2, and rises
// with the rounding of the loss over h.
template <typename Loss>
Values NumericalGradient(const Loss& loss, Values at, double h) {
  Values gradient = at;
  for (size_t t = 0; t < at.size(); ++t) {
    for (size_t i = 0; i < at[t].size(); ++i) {
      const double value = at[t][i];
      at[t][i] = value + h;
      const double above = loss(at);
      at[t][i] = value - h;
      const double below = loss(at);
      at[t][i] = value;
      gradient[t][i] = (above - below) / (2 * h);
    }
  }
  return gradient;
}

}  // namespace paceline::worker::testing

#endif  // PACELINE_WORKER_CORE_MODELS_NUMERICAL_GRADIENT_H_

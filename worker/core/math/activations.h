// Element-wise functions of a network and the softmax, at the widest SIMD level.
//
//   relu  max(z, 0)
//   tanh  tanh(z)
//   gelu  z/2 * (1 + tanh(sqrt(2/pi) * (z + 0.044715 z^3))), the tanh form
//         (Hendrycks and Gimpel, 2016), within 5e-4 of the form with erf
//
// Exponentials are computed here, never by the C library, so that the bits depend
// on the SIMD level alone; errors stay within 4 units in the last place. A NaN
// goes in, a NaN comes out. Vectors that are combined have the same length.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MATH_ACTIVATIONS_H_
#define PACELINE_WORKER_CORE_MATH_ACTIVATIONS_H_

#include "absl/types/span.h"

namespace paceline::worker {

enum class ActivationFunction { kRelu, kTanh, kGelu };

// out = f(z). `out` may be z.
void Activate(ActivationFunction f, absl::Span<const float> z, absl::Span<float> out);

// gradient *= f'(z).
void MultiplyByDerivative(ActivationFunction f, absl::Span<const float> z,
                          absl::Span<float> gradient);

// out = 1 / (1 + exp(-z)). `out` may be z.
void Sigmoid(absl::Span<const float> z, absl::Span<float> out);

// Replaces one row of logits (at least one) by its softmax.
// Returns the logarithm of the sum of the exponentials of the logits.
double Softmax(absl::Span<float> logits);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MATH_ACTIVATIONS_H_

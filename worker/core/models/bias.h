// A bias is added to every row of a layer's outputs; its gradient is the sum of the rows of
// theirs. Sums run in the order of rows, so that they are a function of the values alone.
#ifndef PACELINE_WORKER_CORE_MODELS_BIAS_H_
#define PACELINE_WORKER_CORE_MODELS_BIAS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Each row of out [n, bias.size()] = bias.
void FillWithBias(absl::Span<const float> bias, absl::Span<float> out);

// Each row of out [n, bias.size()] += bias.
void AddBias(absl::Span<const float> bias, absl::Span<float> out);

// gradient += the sum of the rows of out_gradient [n, gradient.size()].
void AddBiasGradient(absl::Span<const float> out_gradient, absl::Span<float> gradient);

// gradient [1, outputs] = the sum of the rows of out_gradient [n, outputs].
void BiasGradient(absl::Span<const float> out_gradient, uint32_t outputs, TableRows* gradient);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_BIAS_H_

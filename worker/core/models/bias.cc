#include "worker/core/models/bias.h"

#include <algorithm>
#include <cstddef>

#include "worker/core/math/vector_kernels.h"

namespace paceline::worker {

void FillWithBias(absl::Span<const float> bias, absl::Span<float> out) {
  for (size_t at = 0; at < out.size(); at += bias.size()) {
    std::copy(bias.begin(), bias.end(), out.begin() + at);
  }
}

void AddBias(absl::Span<const float> bias, absl::Span<float> out) {
  for (size_t at = 0; at < out.size(); at += bias.size()) {
    AddScaled(1.0f, bias, out.subspan(at, bias.size()));
  }
}

void AddBiasGradient(absl::Span<const float> out_gradient, absl::Span<float> gradient) {
  for (size_t at = 0; at < out_gradient.size(); at += gradient.size()) {
    AddScaled(1.0f, out_gradient.subspan(at, gradient.size()), gradient);
  }
}

void BiasGradient(absl::Span<const float> out_gradient, uint32_t outputs, TableRows* gradient) {
  gradient->keys.clear();
  gradient->rows.assign(outputs, 0.0f);
  AddBiasGradient(out_gradient, absl::MakeSpan(gradient->rows));
}

}  // namespace paceline::worker

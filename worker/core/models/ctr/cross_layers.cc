#include "worker/core/models/ctr/cross_layers.h"

#include "worker/core/math/blas.h"
#include "worker/core/models/bias.h"

namespace paceline::worker {

CrossLayers::CrossLayers(int first_table, int layers, uint64_t width)
    : first_table_(first_table),
      width_(width),
      u_(static_cast<size_t>(layers)),
      out_(static_cast<size_t>(layers)) {}

absl::Span<const float> CrossLayers::Forward(absl::Span<const float> x,
                                             const Parameters& parameters) {
  const uint64_t n = x.size() / width_;
  absl::Span<const float> in = x;
  for (size_t layer = 0; layer < u_.size(); ++layer) {
    const size_t bias = static_cast<size_t>(first_table_) + 2 * layer;
    std::vector<float>& u = u_[layer];
    u.resize(x.size());
    FillWithBias(parameters[bias].rows, absl::MakeSpan(u));
    Gemm(Transpose::kNo, Transpose::kNo, n, width_, width_, in.data(),
         parameters[bias + 1].rows.data(), 1, u.data());
    std::vector<float>& out = out_[layer];
    out.resize(x.size());
    for (size_t i = 0; i < x.size(); ++i) out[i] = x[i] * u[i] + in[i];
    in = out;
  }
  return in;
}

void CrossLayers::Backward(absl::Span<const float> x, const Parameters& parameters,
                           std::vector<float> gradient, Gradients* gradients,
                           const GradientReady& done, absl::Span<float> x_gradient) {
  const uint64_t n = x.size() / width_;
  u_gradient_.resize(x.size());
  for (size_t layer = u_.size(); layer-- > 0;) {
    const int bias = first_table_ + 2 * static_cast<int>(layer);
    const absl::Span<const float> in = layer == 0 ? x : absl::MakeConstSpan(out_[layer - 1]);
    for (size_t i = 0; i < x.size(); ++i) {
      u_gradient_[i] = gradient[i] * x[i];
      x_gradient[i] += gradient[i] * u_[layer][i];
    }
    TableRows& weight_gradient = (*gradients)[bias + 1];
    weight_gradient.keys.clear();
    weight_gradient.rows.resize(width_ * width_);
    Gemm(Transpose::kYes, Transpose::kNo, width_, width_, n, in.data(), u_gradient_.data(), 0,
         weight_gradient.rows.data());
    done(bias + 1);
    BiasGradient(u_gradient_, static_cast<uint32_t>(width_), &(*gradients)[bias]);
    done(bias);
    // What goes past the layer is there already.
    Gemm(Transpose::kNo, Transpose::kYes, n, width_, width_, u_gradient_.data(),
         parameters[bias + 1].rows.data(), 1, gradient.data());
  }
  for (size_t i = 0; i < x.size(); ++i) x_gradient[i] += gradient[i];
}

}  // namespace paceline::worker

#include "worker/core/models/dense_layers.h"

#include <utility>

#include "worker/core/math/blas.h"
#include "worker/core/models/bias.h"
#include "worker/core/models/dropout.h"

namespace paceline::worker {

DenseLayers::DenseLayers(const std::vector<v1::TableSpec>& tables, int first_table, int layers,
                         ActivationFunction activation, double dropout, uint64_t seed)
    : first_table_(first_table), activation_(activation), dropout_(dropout), seed_(seed) {
  widths_.push_back(tables[static_cast<size_t>(WeightOf(0))].rows());
  for (int layer = 0; layer < layers; ++layer) {
    widths_.push_back(tables[static_cast<size_t>(BiasOf(layer))].dim());
  }
  z_.resize(widths_.size() - 2);
  a_.resize(z_.size());
}

void DenseLayers::Forward(const Samples& samples, absl::Span<const float> in,
                          const Parameters& parameters, bool training, absl::Span<float> out) {
  const Dropout dropout(training ? dropout_ : 0, seed_, samples.rank, samples.iteration);
  const int last = static_cast<int>(z_.size());
  for (int layer = 0; layer <= last; ++layer) {
    const uint64_t outputs = widths_[layer + 1];
    if (layer < last) z_[layer].resize(samples.count * outputs);
    const absl::Span<float> z = layer < last ? absl::MakeSpan(z_[layer]) : out;
    const absl::Span<const float> a = layer == 0 ? in : absl::MakeConstSpan(a_[layer - 1]);
    FillWithBias(parameters[BiasOf(layer)].rows, z);
    Gemm(Transpose::kNo, Transpose::kNo, samples.count, outputs, widths_[layer], a.data(),
         parameters[WeightOf(layer)].rows.data(), 1, z.data());
    if (layer == last) return;
    a_[layer].resize(z.size());
    Activate(activation_, z, absl::MakeSpan(a_[layer]));
    dropout.Apply(layer, samples.first * outputs, absl::MakeSpan(a_[layer]));
  }
}

void DenseLayers::Backward(const Samples& samples, absl::Span<const float> in,
                           const Parameters& parameters, std::vector<float>* gradient,
                           Gradients* gradients, const GradientReady& done) {
  const Dropout dropout(dropout_, seed_, samples.rank, samples.iteration);
  for (int layer = static_cast<int>(z_.size()); layer >= 0; --layer) {
    const uint64_t inputs = widths_[layer];
    const uint64_t outputs = widths_[layer + 1];
    const absl::Span<const float> a = layer == 0 ? in : absl::MakeConstSpan(a_[layer - 1]);
    Gemm(Transpose::kYes, Transpose::kNo, inputs, outputs, samples.count, a.data(),
         gradient->data(), 1, (*gradients)[WeightOf(layer)].rows.data());
    done(WeightOf(layer));
    AddBiasGradient(*gradient, absl::MakeSpan((*gradients)[BiasOf(layer)].rows));
    done(BiasOf(layer));
    below_.resize(samples.count * inputs);
    Gemm(Transpose::kNo, Transpose::kYes, samples.count, inputs, outputs, gradient->data(),
         parameters[WeightOf(layer)].rows.data(), 0, below_.data());
    std::swap(*gradient, below_);
    if (layer == 0) return;
    dropout.Apply(layer - 1, samples.first * inputs, absl::MakeSpan(*gradient));
    MultiplyByDerivative(activation_, z_[layer - 1], absl::MakeSpan(*gradient));
  }
}

}  // namespace paceline::worker

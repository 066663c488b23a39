#include "worker/core/models/cnn/cnn_block.h"

#include "worker/core/models/bias.h"

namespace paceline::worker {
namespace {

// Tables of a block, from its first on.
constexpr int kBias = 0;
constexpr int kMean = 0;
constexpr int kScale = 1;
constexpr int kShift = 2;
constexpr int kVariance = 3;

// gradient += step * (batch - running).
void AddWhatLacks(float step, absl::Span<const float> batch, absl::Span<const float> running,
                  absl::Span<float> gradient) {
  for (size_t c = 0; c < batch.size(); ++c) gradient[c] += step * (batch[c] - running[c]);
}

}  // namespace

CnnBlock::CnnBlock(const ConvBlock& block, bool batch_norm, ActivationFunction activation,
                   int first_table)
    : batch_norm_(batch_norm),
      activation_(activation),
      first_table_(first_table),
      conv_(block),
      norm_(block.convolved.channels),
      pool_(block) {}

uint64_t CnnBlock::ValuesPerSample(const ConvBlock& block, bool batch_norm) {
  // z, a, their gradient, and what batch norm remembers; out, what was chosen, its gradient,
  // and in's.
  return (batch_norm ? 4 : 3) * block.convolved.values() + 3 * block.out.values() +
         block.in.values();
}

absl::Span<const float> CnnBlock::Forward(uint64_t n, absl::Span<const float> in,
                                          const Parameters& parameters, bool training) {
  const auto rows = [&](int table) -> absl::Span<const float> {
    return parameters[first_table_ + table].rows;
  };
  conv_.Forward(n, in, parameters[weight()].rows, &z_);
  if (!batch_norm_) {
    AddBias(rows(kBias), absl::MakeSpan(z_));
  } else if (training) {
    norm_.Forward(rows(kScale), rows(kShift), absl::MakeSpan(z_));
  } else {
    NormaliseByRunning(rows(kScale), rows(kShift), rows(kMean), rows(kVariance),
                       absl::MakeSpan(z_));
  }
  a_.resize(z_.size());
  Activate(activation_, z_, absl::MakeSpan(a_));
  pool_.Forward(n, a_, &out_);
  return out_;
}

void CnnBlock::Backward(uint64_t n, absl::Span<const float> in, const Parameters& parameters,
                        float statistics_step, bool descend, std::vector<float>* gradient,
                        Gradients* gradients, const GradientReady& done) {
  const auto of = [&](int table) {
    return absl::MakeSpan((*gradients)[first_table_ + table].rows);
  };
  pool_.Backward(n, *gradient, &z_gradient_);
  MultiplyByDerivative(activation_, z_, absl::MakeSpan(z_gradient_));
  if (batch_norm_) {
    norm_.Backward(parameters[first_table_ + kScale].rows, absl::MakeSpan(z_gradient_), of(kScale),
                   of(kShift));
    if (n > 0) {
      AddWhatLacks(statistics_step, norm_.mean(), parameters[first_table_ + kMean].rows, of(kMean));
      AddWhatLacks(statistics_step, norm_.variance(), parameters[first_table_ + kVariance].rows,
                   of(kVariance));
    }
    for (int table = kVariance; table >= kMean; --table) done(first_table_ + table);
  } else {
    AddBiasGradient(z_gradient_, of(kBias));
    done(first_table_ + kBias);
  }
  conv_.AddWeightGradient(n, in, z_gradient_, absl::MakeSpan((*gradients)[weight()].rows));
  done(weight());
  if (descend) conv_.InputGradient(n, z_gradient_, parameters[weight()].rows, gradient);
}

}  // namespace paceline::worker

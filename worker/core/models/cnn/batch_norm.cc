#include "worker/core/models/cnn/batch_norm.h"

#include <algorithm>
#include <cmath>

namespace paceline::worker {
namespace {

// Keeps channels that are the same everywhere finite.
constexpr double kEpsilon = 1e-5;

}  // namespace

float StatisticsMomentum(const v1::ConsistencySpec& consistency) {
  constexpr float kMomentum = 0.1f;
  constexpr float kOfACopy = 0.5f;
  if (consistency.policy() != v1::POLICY_SSP) return kMomentum;
  const float iterations = static_cast<float>(consistency.staleness()) + 1;
  return std::min(kMomentum, kOfACopy / iterations);
}

void BatchNorm::Forward(absl::Span<const float> scale, absl::Span<const float> shift,
                        absl::Span<float> x) {
  const uint64_t rows = x.size() / channels_;
  const double count = std::max<double>(1, static_cast<double>(rows));
  std::vector<double> sum(channels_, 0);
  for (uint64_t row = 0; row < rows; ++row) {
    const float* const in = x.data() + row * channels_;
    for (uint32_t c = 0; c < channels_; ++c) sum[c] += in[c];
  }
  mean_.resize(channels_);
  for (uint32_t c = 0; c < channels_; ++c) mean_[c] = static_cast<float>(sum[c] / count);
  std::fill(sum.begin(), sum.end(), 0.0);
  for (uint64_t row = 0; row < rows; ++row) {
    const float* const in = x.data() + row * channels_;
    for (uint32_t c = 0; c < channels_; ++c) {
      const double distance = in[c] - mean_[c];
      sum[c] += distance * distance;
    }
  }
  variance_.resize(channels_);
  deviation_.resize(channels_);
  std::vector<float> inverse(channels_);
  for (uint32_t c = 0; c < channels_; ++c) {
    variance_[c] = static_cast<float>(sum[c] / count);
    deviation_[c] = static_cast<float>(std::sqrt(sum[c] / count + kEpsilon));
    inverse[c] = 1 / deviation_[c];
  }
  normalised_.resize(x.size());
  for (uint64_t row = 0; row < rows; ++row) {
    float* const out = x.data() + row * channels_;
    float* const normalised = normalised_.data() + row * channels_;
    for (uint32_t c = 0; c < channels_; ++c) {
      normalised[c] = (out[c] - mean_[c]) * inverse[c];
      out[c] = scale[c] * normalised[c] + shift[c];
    }
  }
}

void BatchNorm::Backward(absl::Span<const float> scale, absl::Span<float> gradient,
                         absl::Span<float> scale_gradient, absl::Span<float> shift_gradient) const {
  const uint64_t rows = gradient.size() / channels_;
  if (rows == 0) return;
  std::vector<double> shift_sum(channels_, 0);
  std::vector<double> scale_sum(channels_, 0);
  for (uint64_t row = 0; row < rows; ++row) {
    const float* const g = gradient.data() + row * channels_;
    const float* const normalised = normalised_.data() + row * channels_;
    for (uint32_t c = 0; c < channels_; ++c) {
      shift_sum[c] += g[c];
      scale_sum[c] += static_cast<double>(g[c]) * normalised[c];
    }
  }
  // d loss / d x = scale / deviation * (g - mean of g - n * mean of g n)
  std::vector<float> factor(channels_);
  std::vector<float> shift_mean(channels_);
  std::vector<float> scale_mean(channels_);
  for (uint32_t c = 0; c < channels_; ++c) {
    shift_gradient[c] += static_cast<float>(shift_sum[c]);
    scale_gradient[c] += static_cast<float>(scale_sum[c]);
    factor[c] = scale[c] / deviation_[c];
    shift_mean[c] = static_cast<float>(shift_sum[c] / static_cast<double>(rows));
    scale_mean[c] = static_cast<float>(scale_sum[c] / static_cast<double>(rows));
  }
  for (uint64_t row = 0; row < rows; ++row) {
    float* const g = gradient.data() + row * channels_;
    const float* const normalised = normalised_.data() + row * channels_;
    for (uint32_t c = 0; c < channels_; ++c) {
      g[c] = factor[c] * (g[c] - shift_mean[c] - normalised[c] * scale_mean[c]);
    }
  }
}

void NormaliseByRunning(absl::Span<const float> scale, absl::Span<const float> shift,
                        absl::Span<const float> mean, absl::Span<const float> variance,
                        absl::Span<float> x) {
  const uint64_t channels = scale.size();
  std::vector<float> factor(channels);
  for (uint64_t c = 0; c < channels; ++c) {
    const double above = variance[c] < 0 ? 0 : variance[c];
    factor[c] = static_cast<float>(scale[c] / std::sqrt(above + kEpsilon));
  }
  for (uint64_t at = 0; at < x.size(); at += channels) {
    for (uint64_t c = 0; c < channels; ++c) {
      x[at + c] = (x[at + c] - mean[c]) * factor[c] + shift[c];
    }
  }
}

}  // namespace paceline::worker

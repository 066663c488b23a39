#include "worker/core/models/losses.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"
#include "worker/core/math/activations.h"
#include "worker/core/models/checks.h"

namespace paceline::worker {

absl::Status CheckLabels(v1::Loss loss, absl::Span<const float> labels) {
  return loss == v1::LOSS_SQUARED ? CheckFiniteLabels(labels) : CheckBinaryLabels(labels);
}

void EvaluateLoss(v1::Loss loss, absl::Span<const float> z, absl::Span<const float> labels,
                  Predictions* out) {
  PL_CHECK_EQ(z.size(), labels.size());
  out->width = 1;
  out->losses.resize(z.size());
  out->scores.assign(z.begin(), z.end());
  if (loss == v1::LOSS_SQUARED) {
    for (size_t i = 0; i < z.size(); ++i) {
      const double error = double{z[i]} - labels[i];
      out->losses[i] = static_cast<float>(error * error / 2);
    }
    return;
  }
  for (size_t i = 0; i < z.size(); ++i) {
    const double value = z[i];
    // log(1 + exp(z)) without overflow.
    const double log_sum = std::max(value, 0.0) + std::log1p(std::exp(-std::abs(value)));
    out->losses[i] = static_cast<float>(log_sum - labels[i] * value);
  }
  Sigmoid(z, absl::MakeSpan(out->scores));
}

void EvaluateClasses(absl::Span<const float> labels, uint32_t classes, Predictions* out) {
  PL_CHECK_EQ(out->scores.size(), labels.size() * classes);
  out->width = classes;
  out->losses.resize(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const absl::Span<float> row = absl::MakeSpan(out->scores).subspan(i * classes, classes);
    const double target = row[static_cast<size_t>(labels[i])];
    // Rounding may leave a sure sample a little below zero.
    const double loss = Softmax(row) - target;
    out->losses[i] = static_cast<float>(loss < 0 ? 0 : loss);
  }
}

void LossGradient(const Predictions& predictions, absl::Span<const float> labels, float scale,
                  std::vector<float>* gradient) {
  const uint64_t width = predictions.width;
  PL_CHECK_EQ(predictions.scores.size(), labels.size() * width);
  gradient->resize(predictions.scores.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const float* scores = predictions.scores.data() + i * width;
    float* out = gradient->data() + i * width;
    if (width == 1) {
      out[0] = scale * (scores[0] - labels[i]);
      continue;
    }
    const uint64_t label = static_cast<uint64_t>(labels[i]);
    for (uint64_t j = 0; j < width; ++j) out[j] = scale * (scores[j] - (j == label ? 1.0f : 0.0f));
  }
}

LossSum SumOf(const Predictions& predictions) {
  LossSum sum;
  for (const float loss : predictions.losses) sum.sum += loss;
  sum.count = predictions.losses.size();
  return sum;
}

}  // namespace paceline::worker

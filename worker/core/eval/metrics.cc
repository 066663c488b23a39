#include "worker/core/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_format.h"

namespace paceline::worker {

Metrics Metrics::For(const v1::ModelSpec& model) { return Metrics(AnswerOf(model)); }

ModelAnswer AnswerOfScores(ScoreKind kind) {
  switch (kind) {
    case ScoreKind::kValue:
      return ModelAnswer::kValue;
    case ScoreKind::kProbability:
      return ModelAnswer::kProbability;
    case ScoreKind::kClasses:
      return ModelAnswer::kClasses;
    default:
      return ModelAnswer::kNothing;
  }
}

absl::Status Metrics::Add(const Predictions& predictions, absl::Span<const float> labels) {
  if (answer_ == ModelAnswer::kAsPredicted) answer_ = AnswerOfScores(predictions.score_kind);
  if (answer_ == ModelAnswer::kNothing || predictions.width == 0) return absl::OkStatus();
  const uint64_t width = predictions.width;
  if (predictions.scores.size() != labels.size() * width ||
      predictions.losses.size() != labels.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "predictions: %d scores and %d losses expected for %d records, got %d and %d",
        labels.size() * width, labels.size(), labels.size(), predictions.scores.size(),
        predictions.losses.size()));
  }
  const bool fits = answer_ == ModelAnswer::kClasses ? width >= 2 : width == 1;
  if (!fits || (width_ != 0 && width != width_)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "predictions: width %d expected, got %d",
        width_ != 0 ? width_ : uint64_t{answer_ == ModelAnswer::kClasses ? 2u : 1u}, width));
  }
  width_ = width;
  for (size_t i = 0; i < labels.size(); ++i) {
    const float* scores = predictions.scores.data() + i * width;
    loss_sum_ += predictions.losses[i];
    if (answer_ == ModelAnswer::kBytes) continue;
    if (answer_ == ModelAnswer::kValue) {
      const double error = double{scores[0]} - labels[i];
      squared_error_sum_ += error * error;
    } else if (answer_ == ModelAnswer::kProbability) {
      right_ += (scores[0] >= 0.5f) == (labels[i] == 1) ? 1 : 0;
      AddProbability(scores[0], labels[i] == 1);
    } else if (answer_ == ModelAnswer::kClasses) {
      const float* largest = std::max_element(scores, scores + width);
      right_ += static_cast<float>(largest - scores) == labels[i] ? 1 : 0;
      if (width == 2) AddProbability(scores[1], labels[i] == 1);
    }
  }
  records_ += labels.size();
  return absl::OkStatus();
}

void Metrics::AddProbability(float probability, bool positive) {
  auc_.Add(probability, positive);
  probability_sum_ += probability;
  positives_ += positive ? 1 : 0;
}

v1::EvalResult Metrics::Finish() const {
  v1::EvalResult result;
  if (records_ == 0) return result;
  const double n = static_cast<double>(records_);
  result.set_loss(loss_sum_ / n);
  if (answer_ == ModelAnswer::kBytes) {
    // Every record has as many positions.
    result.set_bits_per_byte(result.loss() / std::log(2.0));
    return result;
  }
  if (answer_ == ModelAnswer::kValue) {
    result.set_rmse(std::sqrt(squared_error_sum_ / n));
    return result;
  }
  if (answer_ == ModelAnswer::kDistance) {
    result.set_inertia(loss_sum_);
    return result;
  }
  result.set_accuracy(static_cast<double>(right_) / n);
  // The losses of these models are logarithms of probabilities, exact where the
  // rounded probability is 0 or 1.
  result.set_log_loss(loss_sum_ / n);
  if (const std::optional<double> auc = auc_.Finish()) result.set_auc(*auc);
  if (positives_ > 0) {
    result.set_calibration(probability_sum_ / static_cast<double>(positives_));
  }
  return result;
}

}  // namespace paceline::worker

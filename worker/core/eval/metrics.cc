#include "worker/core/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_format.h"

namespace paceline::worker {

Metrics Metrics::For(const v1::ModelSpec& model) {
  switch (model.kind()) {
    case v1::MODEL_KIND_LINEAR:
      return Metrics(Answer::kValue);
    case v1::MODEL_KIND_LOGISTIC:
      return Metrics(Answer::kProbability);
    case v1::MODEL_KIND_FM:
      return Metrics(model.loss() == v1::LOSS_SQUARED ? Answer::kValue : Answer::kProbability);
    case v1::MODEL_KIND_SOFTMAX:
    case v1::MODEL_KIND_MLP:
      return Metrics(Answer::kClasses);
    default:
      return Metrics(Answer::kNothing);
  }
}

absl::Status Metrics::Add(const Predictions& predictions, absl::Span<const float> labels) {
  if (answer_ == Answer::kNothing || predictions.width == 0) return absl::OkStatus();
  const uint64_t width = predictions.width;
  if (predictions.scores.size() != labels.size() * width ||
      predictions.losses.size() != labels.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "predictions: %d scores and %d losses expected for %d records, got %d and %d",
        labels.size() * width, labels.size(), labels.size(), predictions.scores.size(),
        predictions.losses.size()));
  }
  const bool fits = answer_ == Answer::kClasses ? width >= 2 : width == 1;
  if (!fits || (width_ != 0 && width != width_)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "predictions: width %d expected, got %d",
        width_ != 0 ? width_ : uint64_t{answer_ == Answer::kClasses ? 2u : 1u}, width));
  }
  width_ = width;
  for (size_t i = 0; i < labels.size(); ++i) {
    const float* scores = predictions.scores.data() + i * width;
    loss_sum_ += predictions.losses[i];
    if (answer_ == Answer::kValue) {
      const double error = double{scores[0]} - labels[i];
      squared_error_sum_ += error * error;
    } else if (answer_ == Answer::kProbability) {
      right_ += (scores[0] >= 0.5f) == (labels[i] == 1) ? 1 : 0;
      AddProbability(scores[0], labels[i] == 1);
    } else {
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
  if (answer_ == Answer::kValue) {
    result.set_rmse(std::sqrt(squared_error_sum_ / n));
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

#include "common/spec/eval_metrics.h"

#include <cmath>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace paceline {

ModelAnswer AnswerOf(const v1::ModelSpec& model) {
  switch (model.kind()) {
    case v1::MODEL_KIND_LINEAR:
    case v1::MODEL_KIND_MF:
      return ModelAnswer::kValue;
    case v1::MODEL_KIND_KMEANS:
      return ModelAnswer::kDistance;
    case v1::MODEL_KIND_LOGISTIC:
    case v1::MODEL_KIND_WIDE_DEEP:
    case v1::MODEL_KIND_DEEPFM:
    case v1::MODEL_KIND_DCN:
      return ModelAnswer::kProbability;
    case v1::MODEL_KIND_FM:
      return model.loss() == v1::LOSS_SQUARED ? ModelAnswer::kValue : ModelAnswer::kProbability;
    case v1::MODEL_KIND_SOFTMAX:
    case v1::MODEL_KIND_MLP:
    case v1::MODEL_KIND_CNN:
      return ModelAnswer::kClasses;
    case v1::MODEL_KIND_LM:
      return ModelAnswer::kBytes;
    case v1::MODEL_KIND_LIBRARY:
      return ModelAnswer::kAsPredicted;
    default:
      return ModelAnswer::kNothing;
  }
}

std::vector<std::string> ComparableMetrics(const v1::ModelSpec& model) {
  switch (AnswerOf(model)) {
    case ModelAnswer::kNothing:
      return {};
    case ModelAnswer::kAsPredicted:
      return {"loss", "accuracy", "auc", "log_loss", "rmse"};
    case ModelAnswer::kValue:
      return {"loss", "rmse"};
    case ModelAnswer::kProbability:
    case ModelAnswer::kClasses:
      return {"loss", "accuracy", "auc", "log_loss"};
    case ModelAnswer::kDistance:
      return {"loss", "inertia"};
    case ModelAnswer::kBytes:
      return {"loss", "bits_per_byte"};
  }
  return {};
}

std::optional<double> MetricOf(const v1::EvalResult& result, absl::string_view metric) {
  const auto* field = result.GetDescriptor()->FindFieldByName(std::string(metric));
  if (field == nullptr || !result.GetReflection()->HasField(result, field)) return std::nullopt;
  return result.GetReflection()->GetDouble(result, field);
}

bool IsBetter(absl::string_view metric, double value, double best, double min_delta) {
  if (std::isnan(value)) return false;
  if (std::isnan(best)) return true;
  const bool greater = metric == "accuracy" || metric == "auc";
  return (greater ? value - best : best - value) > min_delta;
}

}  // namespace paceline

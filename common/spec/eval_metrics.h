// What evaluations of a model measure (EvalResult), and which of two is better.
//
//   value        linear, mf, fm squared            loss, rmse
//   probability  logistic, fm logistic, wide_deep, loss, accuracy, auc, log_loss
//                deepfm, dcn
//   classes      softmax, mlp, cnn                 loss, accuracy, log_loss; auc of two
//   distance     kmeans                            loss, inertia
//   bytes        lm                                loss, bits_per_byte
//   as its predictions say     library             as value, probability or classes
//   nothing      counting, layers                  nothing
//
// Of accuracy and auc the greater is better, of all others the smaller. calibration is
// measured, too, but says of no two which is better.
//
// Pure functions.
#ifndef PACELINE_COMMON_SPEC_EVAL_METRICS_H_
#define PACELINE_COMMON_SPEC_EVAL_METRICS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/cluster.pb.h"
#include "proto/job.pb.h"

namespace paceline {

// What a model says of a record; kAsPredicted (library): its predictions say which of
// kValue, kProbability and kClasses.
enum class ModelAnswer {
  kNothing,
  kAsPredicted,
  kValue,
  kProbability,
  kClasses,
  kDistance,
  kBytes
};

// `model` has its defaults.
ModelAnswer AnswerOf(const v1::ModelSpec& model);

// Names of the metrics by which evaluations of the model can be compared, "loss" first. A
// model that users bring may give any.
std::vector<std::string> ComparableMetrics(const v1::ModelSpec& model);

// Nothing: the evaluation did not measure it.
std::optional<double> MetricOf(const v1::EvalResult& result, absl::string_view metric);

// Whether `value` is better than `best` by more than `min_delta`; or by any amount, where
// that is 0. What is not a number is never better, and worse than any number.
bool IsBetter(absl::string_view metric, double value, double best, double min_delta);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_EVAL_METRICS_H_

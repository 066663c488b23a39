// Quality of a model on held-out records, batch by batch.
//
//   Metrics metrics = Metrics::For(spec.model());
//   for each batch: runner->Predict(batch, parameters, &predictions);
//                   metrics.Add(predictions, batch.labels);
//   *point.mutable_result() = metrics.Finish();
#ifndef PACELINE_WORKER_CORE_EVAL_METRICS_H_
#define PACELINE_WORKER_CORE_EVAL_METRICS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "proto/cluster.pb.h"
#include "proto/job.pb.h"
#include "worker/core/eval/auc.h"
#include "worker/core/model.h"

namespace paceline::worker {

// What is measured, by the model's answer:
//
//   value (linear, fm squared)          loss, rmse
//   probability (logistic, fm logistic) loss, accuracy (label 1 if >= 0.5), auc,
//                                       log_loss, calibration
//   classes (softmax, mlp)              loss, accuracy (largest probability, the first
//                                       of equals), log_loss; of two classes also auc
//                                       and calibration, by the probability of class 1
//   nothing (counting, layers)          nothing
//
// loss is the mean of the sample losses, log_loss that of the negative logarithm of
// the probability of the label (natural), calibration the sum of the probabilities
// of label 1 over the number of labels 1 (1 is perfect; absent without such labels).
// Memory: 8 bytes per record where auc is measured (16 in Finish), else none. Sums are float64.
//
// Thread-compatible.
class Metrics {
 public:
  // `model` has its defaults.
  static Metrics For(const v1::ModelSpec& model);

  // Adds the records of one batch. Predictions of width 0 (a device that computes
  // nothing) are ignored.
  // Errors:  InvalidArgument  sizes that do not fit one another or the model.
  absl::Status Add(const Predictions& predictions, absl::Span<const float> labels);

  // Of all records so far; empty before the first.
  v1::EvalResult Finish() const;

  uint64_t records() const { return records_; }

 private:
  enum class Answer { kNothing, kValue, kProbability, kClasses };

  explicit Metrics(Answer answer) : answer_(answer) {}

  void AddProbability(float probability, bool positive);

  const Answer answer_;
  uint64_t records_ = 0;
  uint64_t width_ = 0;
  double loss_sum_ = 0;
  double squared_error_sum_ = 0;
  uint64_t right_ = 0;
  double probability_sum_ = 0;
  uint64_t positives_ = 0;
  AucAccumulator auc_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_EVAL_METRICS_H_

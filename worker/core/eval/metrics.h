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
#include "common/spec/eval_metrics.h"
#include "proto/cluster.pb.h"
#include "proto/job.pb.h"
#include "worker/core/eval/auc.h"
#include "worker/core/model.h"

namespace paceline::worker {

// What a library says that its scores are.
ModelAnswer AnswerOfScores(ScoreKind kind);

// What is measured, by the model's answer (common/spec/eval_metrics.h):
//
//   value (linear, mf, fm squared)      loss, rmse
//   probability (logistic, fm logistic, loss, accuracy (label 1 if >= 0.5), auc,
//   wide_deep, deepfm, dcn)             log_loss, calibration
//   classes (softmax, mlp)              loss, accuracy (largest probability, the first
//                                       of equals), log_loss; of two classes also auc
//                                       and calibration, by the probability of class 1
//   distance (kmeans)                   loss, inertia
//   bytes (lm)                          loss, bits_per_byte = loss / ln 2
//   nothing (counting, layers)          nothing
//   library                             value, probability or classes, as its predictions say
//
// loss is the mean of the sample losses, log_loss that of the negative logarithm of
// the probability of the label (natural), calibration the sum of the probabilities
// of label 1 over the number of labels 1 (1 is perfect; absent without such labels).
// inertia is the sum, not the mean, of the squared distances to the nearest centroids.
// Memory: 8 bytes per record where auc is measured (16 in Finish), else none. Sums are float64.
//
// Thread-compatible.
class Metrics {
 public:
  // `model` has its defaults.
  static Metrics For(const v1::ModelSpec& model);

  // kAsPredicted (library) until the first predictions.
  ModelAnswer answer() const { return answer_; }

  // Adds the records of one batch. Predictions of width 0 (a device that computes
  // nothing) are ignored.
  // Errors:  InvalidArgument  sizes that do not fit one another or the model.
  absl::Status Add(const Predictions& predictions, absl::Span<const float> labels);

  // Of all records so far; empty before the first.
  v1::EvalResult Finish() const;

  uint64_t records() const { return records_; }

 private:
  explicit Metrics(ModelAnswer answer) : answer_(answer) {}

  void AddProbability(float probability, bool positive);

  // The first predictions settle kAsPredicted.
  ModelAnswer answer_;
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

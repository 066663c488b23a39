// Losses of one sample, their scores and gradients.
//
//   squared    (z - y)^2 / 2           score z             d loss / d z = score - y
//   logistic   log(1 + exp(z)) - y z   score sigmoid(z)    d loss / d z = score - y
//   classes    cross entropy of        score softmax(z)    d loss / d z = score - [y]
//              softmax(z) and class y
//
// Losses are computed from z, not from rounded probabilities: they stay finite and
// exact for samples that the model is sure of. Sums run in float64 in the order of
// the samples.
//
// Pure functions. Thread-safe.
#ifndef PACELINE_WORKER_CORE_MODELS_LOSSES_H_
#define PACELINE_WORKER_CORE_MODELS_LOSSES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "proto/job.pb.h"
#include "worker/core/model.h"

namespace paceline::worker {

// Whether `labels` suit a loss of one output.
// Errors:  InvalidArgument  naming the record of the batch and the label.
absl::Status CheckLabels(v1::Loss loss, absl::Span<const float> labels);

// Losses and scores of n samples with one output z each: out->width = 1.
void EvaluateLoss(v1::Loss loss, absl::Span<const float> z, absl::Span<const float> labels,
                  Predictions* out);

// Losses and scores of n samples with `classes` outputs each. Takes z in
// out->scores and replaces it by the scores: out->width = classes. Labels are
// whole numbers below `classes`.
void EvaluateClasses(absl::Span<const float> labels, uint32_t classes, Predictions* out);

// gradient [n, width] = scale * (scores - y), y one-hot for `width` > 1.
void LossGradient(const Predictions& predictions, absl::Span<const float> labels, float scale,
                  std::vector<float>* gradient);

// Sum and number of the losses.
LossSum SumOf(const Predictions& predictions);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LOSSES_H_

#include "worker/core/models/lm/lm_runner.h"

#include <algorithm>
#include <cmath>

#include "common/status/status_macros.h"
#include "worker/core/math/softmax_rows.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/dropout.h"
#include "worker/core/models/lm/lm_network.h"
#include "worker/core/models/lm/lm_shape.h"
#include "worker/core/models/lm/window_checks.h"
#include "worker/core/models/losses.h"

namespace paceline::worker {
namespace {

// Positions of a chunk: enough for products of matrices to be fast, few enough to stay near
// the processor.
constexpr uint64_t kChunkPositions = 512;

class LmRunner final : public Runner {
 public:
  LmRunner(const LmShape& shape, uint64_t seed, const std::vector<v1::TableSpec>& tables,
           const Trace& trace)
      : shape_(shape), seed_(seed), tables_(tables), trace_(trace), network_(shape) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    PL_RETURN_IF_ERROR(Check(batch, parameters));
    gradients->resize(tables_.size());
    for (size_t t = 0; t < tables_.size(); ++t) {
      (*gradients)[t].keys.clear();
      (*gradients)[t].rows.assign(parameters[t].rows.size(), 0);
    }
    const Dropout dropout(shape_.dropout, seed_, batch.rank, batch.iteration);
    StartPredictions(batch, &predictions_);
    for (uint64_t first = 0; first < batch.size(); first += ChunkSequences()) {
      TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
      LmPass pass = Chunk(batch, parameters, first);
      if (shape_.dropout > 0) pass.dropout = &dropout;
      Forward(batch, pass, first, &predictions_);
      scope.Next("backward");
      LogitsGradient(pass, scale);
      const bool last = first + pass.sequences == batch.size();
      network_.Backward(inputs_, pass, {gradients, last ? &ready : nullptr});
    }
    if (batch.size() == 0) {
      for (size_t t = 0; t < tables_.size(); ++t) ready(static_cast<int>(t));
    }
    *loss = SumOf(predictions_);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(Check(batch, parameters));
    StartPredictions(batch, predictions);
    for (uint64_t first = 0; first < batch.size(); first += ChunkSequences()) {
      Forward(batch, Chunk(batch, parameters, first), first, predictions);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Check(const Batch& batch, const Parameters& parameters) const {
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    return CheckWindows(batch, shape_.context);
  }

  uint64_t ChunkSequences() const {
    return std::max(uint64_t{1}, kChunkPositions / shape_.context);
  }

  static void StartPredictions(const Batch& batch, Predictions* predictions) {
    predictions->width = 1;
    predictions->scores.resize(batch.size());
    predictions->losses.resize(batch.size());
  }

  // The chunk of windows from `first` on; its bytes are in inputs_.
  LmPass Chunk(const Batch& batch, const Parameters& parameters, uint64_t first) {
    const uint64_t sequences = std::min(ChunkSequences(), batch.size() - first);
    inputs_.clear();
    for (uint64_t sequence = 0; sequence < sequences; ++sequence) {
      const float* window = Window(batch, first + sequence);
      for (uint64_t t = 0; t < shape_.context; ++t) {
        inputs_.push_back(static_cast<uint8_t>(window[t]));
      }
    }
    return {.sequences = sequences,
            .length = shape_.context,
            .parameters = &parameters,
            .first_row = first * shape_.context};
  }

  const float* Window(const Batch& batch, uint64_t record) const {
    return batch.dense_values.data() + record * (shape_.context + 1);
  }

  // Leaves the probabilities where the logits were.
  void Forward(const Batch& batch, const LmPass& pass, uint64_t first, Predictions* predictions) {
    network_.Forward(inputs_, pass);
    float* logits = network_.mutable_logits()->data();
    targets_.resize(pass.rows());
    for (uint64_t row = 0; row < pass.rows(); ++row) {
      const float* window = Window(batch, first + row / pass.length);
      targets_[row] = static_cast<uint64_t>(window[row % pass.length + 1]);
    }
    // Kept before they become probabilities.
    chosen_.resize(pass.rows());
    for (uint64_t row = 0; row < pass.rows(); ++row) {
      chosen_[row] = logits[row * kByteValues + targets_[row]];
    }
    log_sums_.resize(pass.rows());
    SoftmaxRows(pass.rows(), kByteValues, logits, log_sums_.data());
    for (uint64_t sequence = 0; sequence < pass.sequences; ++sequence) {
      double sum = 0;
      for (uint64_t t = 0; t < pass.length; ++t) {
        const uint64_t row = sequence * pass.length + t;
        sum += log_sums_[row] - chosen_[row];
      }
      const double loss = sum / static_cast<double>(pass.length);
      predictions->losses[first + sequence] = static_cast<float>(loss);
      predictions->scores[first + sequence] = static_cast<float>(std::exp(-loss));
    }
  }

  // From probabilities to the gradient of the logits.
  void LogitsGradient(const LmPass& pass, float scale) {
    std::vector<float>& logits = *network_.mutable_logits();
    for (uint64_t row = 0; row < pass.rows(); ++row) {
      logits[row * kByteValues + targets_[row]] -= 1;
    }
    ScaleBy(scale / static_cast<float>(pass.length), absl::MakeSpan(logits));
  }

  const LmShape shape_;
  const uint64_t seed_;
  const std::vector<v1::TableSpec> tables_;
  const Trace trace_;
  LmNetwork network_;
  std::vector<uint8_t> inputs_;
  std::vector<uint64_t> targets_;
  std::vector<float> chosen_;
  std::vector<double> log_sums_;
  Predictions predictions_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Runner>> CreateLmRunner(const v1::JobSpec& spec,
                                                       const std::vector<v1::TableSpec>& tables,
                                                       uint64_t features, const Trace& trace) {
  const LmShape shape = LmShape::FromSpec(spec.model().lm());
  PL_RETURN_IF_ERROR(CheckWindowSize(features, shape.context));
  return std::make_unique<LmRunner>(shape, spec.train().seed(), tables, trace);
}

}  // namespace paceline::worker

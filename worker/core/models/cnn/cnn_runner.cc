#include "worker/core/models/cnn/cnn_runner.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"
#include "common/tables/cnn_tables.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/cnn/batch_norm.h"
#include "worker/core/models/cnn/cnn_block.h"
#include "worker/core/models/cnn/image_input.h"
#include "worker/core/models/dense_layers.h"
#include "worker/core/models/losses.h"

namespace paceline::worker {
namespace {

// Of the activations of one chunk [bytes]: what is worth it, and what is refused.
constexpr uint64_t kChunkBytes = uint64_t{64} << 20;
constexpr uint64_t kMaxActivationBytes = uint64_t{16} << 30;

class CnnRunner final : public Runner {
 public:
  CnnRunner(const v1::JobSpec& spec, const std::vector<v1::TableSpec>& tables,
            const std::vector<ConvBlock>& blocks, ActivationFunction activation, const Trace& trace)
      : tables_(tables),
        image_(blocks.front().in),
        batch_norm_(spec.model().cnn().batch_norm()),
        global_batch_(spec.train().global_batch()),
        statistics_momentum_(StatisticsMomentum(spec.consistency())),
        trace_(trace),
        dense_(tables, static_cast<int>(blocks.size()) * (batch_norm_ ? 5 : 2),
               spec.model().hidden_size() + 1, activation, spec.model().cnn().dropout(),
               spec.train().seed()) {
    uint64_t values = 0;
    for (const ConvBlock& block : blocks) {
      blocks_.emplace_back(block, batch_norm_, activation,
                           static_cast<int>(blocks_.size()) * (batch_norm_ ? 5 : 2));
      values += CnnBlock::ValuesPerSample(block, batch_norm_);
    }
    sample_bytes_ = values * sizeof(float);
    outs_.resize(blocks_.size() + 1);
  }

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    const uint64_t n = batch.size();
    const uint64_t chunk = batch_norm_ ? n : ChunkSamples();
    PL_RETURN_IF_ERROR(Check(batch, parameters, std::min(n, chunk)));
    Clear(parameters, gradients);
    *loss = LossSum();
    uint64_t first = 0;
    do {
      const DenseLayers::Samples samples = {.rank = batch.rank,
                                            .iteration = batch.iteration,
                                            .first = first,
                                            .count = std::min(chunk, n - first)};
      predictions_.scores.resize(samples.count * classes());
      if (first > 0) scope.Next("forward");
      Forward(batch, parameters, samples, /*training=*/true, absl::MakeSpan(predictions_.scores));
      const absl::Span<const float> labels =
          absl::MakeConstSpan(batch.labels).subspan(first, samples.count);
      EvaluateClasses(labels, classes(), &predictions_);
      const LossSum part = SumOf(predictions_);
      loss->sum += part.sum;
      loss->count += part.count;
      scope.Next("backward");
      LossGradient(predictions_, labels, scale, &gradient_);
      first += samples.count;
      // A table is complete when the last chunk has added its part.
      Backward(batch, parameters, samples, gradients,
               first == n ? ready : GradientReady([](int) {}));
    } while (first < n);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    const uint64_t n = batch.size();
    PL_RETURN_IF_ERROR(Check(batch, parameters, std::min(n, ChunkSamples())));
    predictions->scores.resize(n * classes());
    for (uint64_t first = 0; first < n; first += ChunkSamples()) {
      const uint64_t count = std::min(ChunkSamples(), n - first);
      Forward(batch, parameters, {.first = first, .count = count}, /*training=*/false,
              absl::MakeSpan(predictions->scores).subspan(first * classes(), count * classes()));
    }
    EvaluateClasses(batch.labels, classes(), predictions);
    return absl::OkStatus();
  }

 private:
  uint32_t classes() const { return tables_.back().dim(); }
  uint64_t ChunkSamples() const { return std::max<uint64_t>(1, kChunkBytes / sample_bytes_); }

  // `samples` are computed at once.
  absl::Status Check(const Batch& batch, const Parameters& parameters, uint64_t samples) const {
    PL_RETURN_IF_ERROR(CheckBatch(batch, image_.values()));
    PL_RETURN_IF_ERROR(CheckClassLabels(batch.labels, classes()));
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    if (samples <= kMaxActivationBytes / sample_bytes_) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("model.cnn: ", samples, " samples at once need ", samples * sample_bytes_,
                     " bytes for what layers make of them, at most ", kMaxActivationBytes,
                     " expected; a smaller train.global_batch is needed, or more workers"));
  }

  static void Clear(const Parameters& parameters, Gradients* gradients) {
    gradients->resize(parameters.size());
    for (size_t t = 0; t < parameters.size(); ++t) {
      (*gradients)[t].keys.clear();
      (*gradients)[t].rows.assign(parameters[t].rows.size(), 0.0f);
    }
  }

  void Forward(const Batch& batch, const Parameters& parameters,
               const DenseLayers::Samples& samples, bool training, absl::Span<float> logits) {
    ToImages(batch, image_, samples.first, samples.count, &images_);
    outs_[0] = images_;
    for (size_t b = 0; b < blocks_.size(); ++b) {
      outs_[b + 1] = blocks_[b].Forward(samples.count, outs_[b], parameters, training);
    }
    dense_.Forward(samples, outs_.back(), parameters, training, logits);
  }

  // From the logits' gradient, in gradient_.
  void Backward(const Batch& batch, const Parameters& parameters,
                const DenseLayers::Samples& samples, Gradients* gradients,
                const GradientReady& done) {
    dense_.Backward(samples, outs_.back(), parameters, &gradient_, gradients, done);
    const float step = statistics_momentum_ * static_cast<float>(batch.nominal) /
                       static_cast<float>(global_batch_);
    for (size_t b = blocks_.size(); b-- > 0;) {
      blocks_[b].Backward(samples.count, outs_[b], parameters, step, /*descend=*/b > 0, &gradient_,
                          gradients, done);
    }
  }

  const std::vector<v1::TableSpec> tables_;
  const ImageShape image_;
  const bool batch_norm_;
  const uint32_t global_batch_;
  const float statistics_momentum_;
  const Trace trace_;
  std::vector<CnnBlock> blocks_;
  DenseLayers dense_;
  uint64_t sample_bytes_ = 0;
  std::vector<float> images_;
  // What goes into each block, and into the dense layers.
  std::vector<absl::Span<const float>> outs_;
  std::vector<float> gradient_;
  Predictions predictions_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Runner>> CreateCnnRunner(const v1::JobSpec& spec,
                                                        const std::vector<v1::TableSpec>& tables,
                                                        uint64_t features,
                                                        ActivationFunction activation,
                                                        const Trace& trace) {
  const v1::CnnSpec& cnn = spec.model().cnn();
  PL_ASSIGN_OR_RETURN(const ImageShape image, ImageShapeOf(cnn, features));
  PL_ASSIGN_OR_RETURN(const std::vector<ConvBlock> blocks, ConvBlocks(cnn, image));
  return std::make_unique<CnnRunner>(spec, tables, blocks, activation, trace);
}

}  // namespace paceline::worker

#include "worker/core/models/fm_runner.h"

#include "common/check.h"
#include "common/status/status_macros.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/bias.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/input_layer.h"
#include "worker/core/models/losses.h"

namespace paceline::worker {
namespace {

constexpr int kBias = 0;
constexpr int kFactors = 1;
constexpr int kWeight = 2;

class FmRunner final : public Runner {
 public:
  FmRunner(const std::vector<v1::TableSpec>& tables, uint64_t features, v1::Loss loss,
           const Trace& trace)
      : tables_(tables),
        features_(features),
        loss_(loss),
        trace_(trace),
        k_(tables[kFactors].dim()),
        linear_(tables[kWeight], features) {}

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    PL_RETURN_IF_ERROR(Predict(batch, parameters, &predictions_));
    *loss = SumOf(predictions_);
    scope.Next("backward");
    LossGradient(predictions_, batch.labels, scale, &z_gradient_);
    gradients->resize(tables_.size());
    FactorGradient(batch, parameters[kFactors], &(*gradients)[kFactors]);
    ready(kFactors);
    linear_.Backward(batch, parameters[kWeight], z_gradient_, &(*gradients)[kWeight]);
    ready(kWeight);
    BiasGradient(z_gradient_, 1, &(*gradients)[kBias]);
    ready(kBias);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(CheckBatch(batch, features_));
    PL_RETURN_IF_ERROR(CheckLabels(loss_, batch.labels));
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    PL_RETURN_IF_ERROR(CheckSameKeys(tables_[kFactors], parameters[kFactors], tables_[kWeight],
                                     parameters[kWeight]));
    PL_RETURN_IF_ERROR(linear_.Bind(batch, parameters[kWeight]));
    linear_.Forward(batch, parameters[kWeight], parameters[kBias].rows, &z_);
    AddInteractions(batch, parameters[kFactors]);
    EvaluateLoss(loss_, z_, batch.labels, predictions);
    return absl::OkStatus();
  }

 private:
  // Calls f(value, row) for every entry of record i, in the order of features.
  template <typename F>
  void ForEachEntry(const Batch& batch, uint64_t i, const F& f) const {
    if (batch.dense) {
      const float* values = batch.dense_values.data() + i * features_;
      for (uint64_t j = 0; j < features_; ++j) {
        if (values[j] != 0) f(values[j], j);
      }
      return;
    }
    // The factors have the keys of the weights, and so the same rows.
    const absl::Span<const uint64_t> rows = linear_.rows();
    for (uint64_t e = batch.offsets[i]; e < batch.offsets[i + 1]; ++e) f(batch.values[e], rows[e]);
  }

  absl::Span<float> SumsOf(uint64_t record) {
    return absl::MakeSpan(sums_).subspan(record * k_, k_);
  }

  // Adds the pairwise term to z_ and keeps sum_i v_if x_i of every record in sums_.
  void AddInteractions(const Batch& batch, const TableRows& factors) {
    sums_.assign(batch.size() * k_, 0.0f);
    const absl::Span<const float> table(factors.rows);
    for (uint64_t i = 0; i < batch.size(); ++i) {
      const absl::Span<float> sum = SumsOf(i);
      squares_.assign(k_, 0.0f);
      ForEachEntry(batch, i, [&](float x, uint64_t row) {
        AddLatent(x, table.subspan(row * k_, k_), sum, absl::MakeSpan(squares_));
      });
      float twice = 0;
      for (uint32_t f = 0; f < k_; ++f) twice += sum[f] * sum[f] - squares_[f];
      z_[i] += 0.5f * twice;
    }
  }

  void FactorGradient(const Batch& batch, const TableRows& factors, TableRows* gradient) {
    gradient->keys = factors.keys;
    gradient->rows.assign(factors.rows.size(), 0.0f);
    const absl::Span<const float> table(factors.rows);
    for (uint64_t i = 0; i < batch.size(); ++i) {
      ForEachEntry(batch, i, [&](float x, uint64_t row) {
        AddLatentGradient(z_gradient_[i], x, table.subspan(row * k_, k_), SumsOf(i),
                          absl::MakeSpan(gradient->rows).subspan(row * k_, k_));
      });
    }
  }

  const std::vector<v1::TableSpec> tables_;
  const uint64_t features_;
  const v1::Loss loss_;
  const Trace trace_;
  const uint32_t k_;
  InputLayer linear_;
  std::vector<float> z_;
  // [n, k]
  std::vector<float> sums_;
  std::vector<float> squares_;
  std::vector<float> z_gradient_;
  Predictions predictions_;
};

}  // namespace

std::unique_ptr<Runner> CreateFmRunner(const std::vector<v1::TableSpec>& tables, uint64_t features,
                                       v1::Loss loss, const Trace& trace) {
  PL_CHECK_EQ(tables.size(), 3u);
  return std::make_unique<FmRunner>(tables, features, loss, trace);
}

}  // namespace paceline::worker

#include "worker/core/models/ctr/ctr_runner.h"

#include <optional>
#include <utility>

#include "common/status/status_macros.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/checks.h"
#include "worker/core/models/ctr/cross_layers.h"
#include "worker/core/models/ctr/ctr_batch.h"
#include "worker/core/models/ctr/ctr_places.h"
#include "worker/core/models/ctr/embedded_input.h"
#include "worker/core/models/ctr/field_rows.h"
#include "worker/core/models/dense_layers.h"
#include "worker/core/models/losses.h"

namespace paceline::worker {
namespace {

class CtrRunner final : public Runner {
 public:
  CtrRunner(v1::ModelKind kind, const std::vector<v1::TableSpec>& tables, const CtrShape& shape,
            ActivationFunction activation, const Trace& trace)
      : tables_(tables),
        shape_(shape),
        places_(CtrPlaces::Of(tables)),
        products_(kind == v1::MODEL_KIND_DEEPFM),
        trace_(trace),
        vectors_(tables[places_.factors], shape.embedded),
        deep_(tables, places_.layer, places_.layers, activation, /*dropout=*/0, /*seed=*/0) {
    if (places_.weight >= 0) weights_.emplace(tables[places_.weight], shape.fields);
    if (places_.cross >= 0) cross_.emplace(places_.cross, places_.cross_layers, shape.inputs());
  }

  absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                        Gradients* gradients, LossSum* loss, const GradientReady& ready) override {
    TraceScope scope(trace_, TraceTrack::kCompute, "forward", batch.iteration);
    PL_RETURN_IF_ERROR(Predict(batch, parameters, &predictions_));
    *loss = SumOf(predictions_);
    scope.Next("backward");
    LossGradient(predictions_, batch.labels, scale, &z_gradient_);
    gradients->resize(tables_.size());
    if (weights_.has_value()) LinearGradient(batch, parameters, gradients, ready);
    for (int table = places_.layer; table < places_.layer + 2 * places_.layers; ++table) {
      (*gradients)[table].keys.clear();
      (*gradients)[table].rows.assign(parameters[table].rows.size(), 0.0f);
    }
    x_gradient_ = z_gradient_;
    deep_.Backward(Samples(batch), x_, parameters, &x_gradient_, gradients, ready);
    if (products_) {
      AddProductsGradient(shape_, x_, sums_, z_gradient_, absl::MakeSpan(x_gradient_));
    }
    if (cross_.has_value()) CrossGradient(batch, parameters, gradients, ready);
    ScatterInputGradient(shape_, vectors_, parameters[places_.factors], x_gradient_,
                         &(*gradients)[places_.factors]);
    ready(places_.factors);
    return absl::OkStatus();
  }

  absl::Status Predict(const Batch& batch, const Parameters& parameters,
                       Predictions* predictions) override {
    PL_RETURN_IF_ERROR(CheckCtrBatch(shape_, batch));
    PL_RETURN_IF_ERROR(CheckBinaryLabels(batch.labels));
    PL_RETURN_IF_ERROR(CheckParameters(tables_, parameters));
    PL_RETURN_IF_ERROR(vectors_.Find(batch, parameters[places_.factors]));
    GatherInput(shape_, batch, vectors_, parameters[places_.factors], &x_);
    z_.resize(batch.size());
    deep_.Forward(Samples(batch), x_, parameters, /*training=*/false, absl::MakeSpan(z_));
    if (weights_.has_value()) PL_RETURN_IF_ERROR(AddLinear(batch, parameters));
    if (products_) AddProducts(shape_, x_, &sums_, absl::MakeSpan(z_));
    if (cross_.has_value()) {
      crossed_ = cross_->Forward(x_, parameters);
      const absl::Span<const float> output(parameters[places_.output].rows);
      for (uint64_t i = 0; i < z_.size(); ++i) z_[i] += Dot(OfRecord(crossed_, i), output);
    }
    EvaluateLoss(v1::LOSS_LOGISTIC, z_, batch.labels, predictions);
    return absl::OkStatus();
  }

 private:
  static DenseLayers::Samples Samples(const Batch& batch) {
    return {.rank = batch.rank, .iteration = batch.iteration, .first = 0, .count = batch.size()};
  }

  absl::Span<const float> OfRecord(absl::Span<const float> x, uint64_t record) const {
    return x.subspan(record * shape_.inputs(), shape_.inputs());
  }

  absl::Span<const float> NumbersOf(const Batch& batch, uint64_t record) const {
    return absl::MakeConstSpan(batch.dense_values).subspan(record * shape_.numbers, shape_.numbers);
  }

  absl::Status AddLinear(const Batch& batch, const Parameters& parameters) {
    const TableRows& weight = parameters[places_.weight];
    PL_RETURN_IF_ERROR(weights_->Find(batch, weight));
    for (uint64_t i = 0; i < z_.size(); ++i) {
      for (const uint64_t row : weights_->Of(i)) z_[i] += weight.rows[row];
      if (places_.numbers < 0) continue;
      z_[i] += Dot(NumbersOf(batch, i), parameters[places_.numbers].rows);
    }
    return absl::OkStatus();
  }

  void LinearGradient(const Batch& batch, const Parameters& parameters, Gradients* gradients,
                      const GradientReady& ready) {
    if (places_.numbers >= 0) {
      TableRows& numbers = (*gradients)[places_.numbers];
      numbers.keys.clear();
      numbers.rows.assign(shape_.numbers, 0.0f);
      for (uint64_t i = 0; i < batch.size(); ++i) {
        AddScaled(z_gradient_[i], NumbersOf(batch, i), absl::MakeSpan(numbers.rows));
      }
      ready(places_.numbers);
    }
    TableRows& weight = (*gradients)[places_.weight];
    weight.keys = parameters[places_.weight].keys;
    weight.rows.assign(parameters[places_.weight].rows.size(), 0.0f);
    for (uint64_t i = 0; i < batch.size(); ++i) {
      for (const uint64_t row : weights_->Of(i)) weight.rows[row] += z_gradient_[i];
    }
    ready(places_.weight);
  }

  void CrossGradient(const Batch& batch, const Parameters& parameters, Gradients* gradients,
                     const GradientReady& ready) {
    TableRows& output = (*gradients)[places_.output];
    output.keys.clear();
    output.rows.assign(shape_.inputs(), 0.0f);
    std::vector<float> gradient(x_.size(), 0.0f);
    for (uint64_t i = 0; i < batch.size(); ++i) {
      AddScaled(z_gradient_[i], OfRecord(crossed_, i), absl::MakeSpan(output.rows));
      AddScaled(z_gradient_[i], parameters[places_.output].rows,
                absl::MakeSpan(gradient).subspan(i * shape_.inputs(), shape_.inputs()));
    }
    ready(places_.output);
    cross_->Backward(x_, parameters, std::move(gradient), gradients, ready,
                     absl::MakeSpan(x_gradient_));
  }

  const std::vector<v1::TableSpec> tables_;
  const CtrShape shape_;
  const CtrPlaces places_;
  // Whether there are products of pairs of vectors.
  const bool products_;
  const Trace trace_;
  FieldRows vectors_;
  std::optional<FieldRows> weights_;
  DenseLayers deep_;
  std::optional<CrossLayers> cross_;
  // Of the batch: [n, inputs], sums of vectors [n, factors], the last cross layer [n, inputs].
  std::vector<float> x_;
  std::vector<float> sums_;
  absl::Span<const float> crossed_;
  std::vector<float> z_;
  std::vector<float> z_gradient_;
  std::vector<float> x_gradient_;
  Predictions predictions_;
};

}  // namespace

std::unique_ptr<Runner> CreateCtrRunner(v1::ModelKind kind,
                                        const std::vector<v1::TableSpec>& tables,
                                        const CtrShape& shape, ActivationFunction activation,
                                        const Trace& trace) {
  return std::make_unique<CtrRunner>(kind, tables, shape, activation, trace);
}

}  // namespace paceline::worker

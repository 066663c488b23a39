#include "worker/core/models/lm/feed_forward.h"

#include "absl/types/span.h"
#include "worker/core/math/activations.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/lm/dense.h"

namespace paceline::worker {

FeedForward::FeedForward(const LmShape& shape, uint64_t layer, LmScratch* scratch)
    : shape_(shape),
      layer_(layer),
      scratch_(scratch),
      norm_(shape.Of(layer, BlockTable::kFeedNormGain),
            shape.Of(layer, BlockTable::kFeedNormBias)) {}

void FeedForward::Forward(const LmPass& pass, std::vector<float>* x) {
  const uint64_t values = pass.rows() * shape_.width;
  norm_.Forward(pass, *x);
  z_.resize(4 * values);
  Dense(pass.rows(), pass.table(shape_.Of(layer_, BlockTable::kUpWeight)),
        pass.table(shape_.Of(layer_, BlockTable::kUpBias)), norm_.out().data(), z_.data());
  a_.resize(4 * values);
  Activate(ActivationFunction::kGelu, z_, absl::MakeSpan(a_));
  scratch_->narrow.resize(values);
  Dense(pass.rows(), pass.table(shape_.Of(layer_, BlockTable::kDownWeight)),
        pass.table(shape_.Of(layer_, BlockTable::kDownBias)), a_.data(), scratch_->narrow.data());
  if (pass.dropout != nullptr) {
    pass.dropout->Apply(2 * layer_ + 1, pass.first_row * shape_.width,
                        absl::MakeSpan(scratch_->narrow));
  }
  AddScaled(1, scratch_->narrow, absl::MakeSpan(*x));
}

void FeedForward::Backward(const LmPass& pass, const LmGradients& gradients,
                           std::vector<float>* dx) {
  const uint64_t rows = pass.rows();
  const uint64_t width = shape_.width;
  const int down_weight = shape_.Of(layer_, BlockTable::kDownWeight);
  const int down_bias = shape_.Of(layer_, BlockTable::kDownBias);
  const int up_weight = shape_.Of(layer_, BlockTable::kUpWeight);
  const int up_bias = shape_.Of(layer_, BlockTable::kUpBias);

  scratch_->narrow = *dx;
  if (pass.dropout != nullptr) {
    pass.dropout->Apply(2 * layer_ + 1, pass.first_row * width, absl::MakeSpan(scratch_->narrow));
  }
  DenseWeightGradient(rows, 4 * width, width, a_.data(), scratch_->narrow.data(),
                      gradients.table(down_weight));
  gradients.Ready(down_weight);
  DenseBiasGradient(rows, scratch_->narrow.data(), gradients.table(down_bias));
  gradients.Ready(down_bias);
  scratch_->wide.resize(4 * rows * width);
  DenseInputGradient(rows, 4 * width, width, pass.table(down_weight), scratch_->narrow.data(),
                     scratch_->wide.data());
  MultiplyByDerivative(ActivationFunction::kGelu, z_, absl::MakeSpan(scratch_->wide));
  DenseWeightGradient(rows, width, 4 * width, norm_.out().data(), scratch_->wide.data(),
                      gradients.table(up_weight));
  gradients.Ready(up_weight);
  DenseBiasGradient(rows, scratch_->wide.data(), gradients.table(up_bias));
  gradients.Ready(up_bias);
  DenseInputGradient(rows, width, 4 * width, pass.table(up_weight), scratch_->wide.data(),
                     scratch_->narrow.data());
  norm_.Backward(pass, gradients, scratch_->narrow, dx);
}

}  // namespace paceline::worker

#include "worker/core/models/lm/lm_network.h"

#include <algorithm>

#include "common/check.h"
#include "worker/core/math/blas.h"
#include "worker/core/math/vector_kernels.h"

namespace paceline::worker {

LmNetwork::LmNetwork(const LmShape& shape)
    : shape_(shape),
      rotary_(shape.learned_positions ? 0 : shape.context,
              shape.learned_positions ? 0 : shape.head_width()),
      norm_(shape.NormGain(), shape.NormBias()) {
  const Rotary* rotary = shape.learned_positions ? nullptr : &rotary_;
  for (uint64_t layer = 0; layer < shape.layers; ++layer) {
    attentions_.push_back(std::make_unique<AttentionLayer>(shape, layer, rotary, &scratch_));
    feed_forwards_.push_back(std::make_unique<FeedForward>(shape, layer, &scratch_));
  }
}

void LmNetwork::Forward(absl::Span<const uint8_t> bytes, const LmPass& pass) {
  PL_CHECK_EQ(bytes.size(), pass.rows());
  PL_CHECK_LE(pass.length, shape_.context);
  const uint64_t width = shape_.width;
  const float* embedding = pass.table(shape_.Embedding()).rows.data();
  x_.resize(pass.rows() * width);
  for (uint64_t row = 0; row < pass.rows(); ++row) {
    const absl::Span<float> x(&x_[row * width], width);
    std::copy_n(embedding + bytes[row] * width, width, x.begin());
    if (!shape_.learned_positions) continue;
    const float* positions = pass.table(shape_.Positions()).rows.data();
    AddScaled(1, {positions + row % pass.length * width, width}, x);
  }
  for (uint64_t layer = 0; layer < shape_.layers; ++layer) {
    attentions_[layer]->Forward(pass, &x_);
    feed_forwards_[layer]->Forward(pass, &x_);
  }
  norm_.Forward(pass, x_);
  logits_.resize(pass.rows() * kByteValues);
  Gemm(Transpose::kNo, Transpose::kYes, pass.rows(), kByteValues, width, norm_.out().data(),
       embedding, 0, logits_.data());
}

void LmNetwork::Backward(absl::Span<const uint8_t> bytes, const LmPass& pass,
                         const LmGradients& gradients) {
  const uint64_t width = shape_.width;
  TableRows* dembedding = gradients.table(shape_.Embedding());
  Gemm(Transpose::kYes, Transpose::kNo, kByteValues, width, pass.rows(), logits_.data(),
       norm_.out().data(), 1, dembedding->rows.data());
  scratch_.narrow.resize(pass.rows() * width);
  Gemm(Transpose::kNo, Transpose::kNo, pass.rows(), width, kByteValues, logits_.data(),
       pass.table(shape_.Embedding()).rows.data(), 0, scratch_.narrow.data());
  std::fill(x_.begin(), x_.end(), 0.0f);
  norm_.Backward(pass, gradients, scratch_.narrow, &x_);
  for (uint64_t layer = shape_.layers; layer-- > 0;) {
    feed_forwards_[layer]->Backward(pass, gradients, &x_);
    attentions_[layer]->Backward(pass, gradients, &x_);
  }
  for (uint64_t row = 0; row < pass.rows(); ++row) {
    const absl::Span<const float> dx(&x_[row * width], width);
    AddScaled(1, dx, {dembedding->rows.data() + bytes[row] * width, width});
    if (!shape_.learned_positions) continue;
    TableRows* positions = gradients.table(shape_.Positions());
    AddScaled(1, dx, {positions->rows.data() + row % pass.length * width, width});
  }
  if (shape_.learned_positions) gradients.Ready(shape_.Positions());
  gradients.Ready(shape_.Embedding());
}

}  // namespace paceline::worker

#include "worker/core/models/lm/attention_layer.h"

#include <algorithm>

#include "absl/types/span.h"
#include "worker/core/math/vector_kernels.h"
#include "worker/core/models/lm/dense.h"

namespace paceline::worker {

AttentionLayer::AttentionLayer(const LmShape& shape, uint64_t layer, const Rotary* rotary,
                               LmScratch* scratch)
    : shape_(shape),
      layer_(layer),
      rotary_(rotary),
      scratch_(scratch),
      norm_(shape.Of(layer, BlockTable::kAttentionNormGain),
            shape.Of(layer, BlockTable::kAttentionNormBias)),
      attention_(shape.head_width()) {}

void AttentionLayer::Gather(const LmPass& pass, const float* rows, uint64_t columns, uint64_t first,
                            float* heads) const {
  const uint64_t width = shape_.head_width();
  for (uint64_t sequence = 0; sequence < pass.sequences; ++sequence) {
    const float* window = rows + sequence * pass.length * columns + first;
    for (uint64_t head = 0; head < shape_.heads; ++head) {
      for (uint64_t t = 0; t < pass.length; ++t, heads += width) {
        std::copy_n(window + t * columns + head * width, width, heads);
      }
    }
  }
}

void AttentionLayer::Scatter(const LmPass& pass, const float* heads, uint64_t columns,
                             uint64_t first, float* rows) const {
  const uint64_t width = shape_.head_width();
  for (uint64_t sequence = 0; sequence < pass.sequences; ++sequence) {
    float* window = rows + sequence * pass.length * columns + first;
    for (uint64_t head = 0; head < shape_.heads; ++head) {
      for (uint64_t t = 0; t < pass.length; ++t, heads += width) {
        std::copy_n(heads, width, window + t * columns + head * width);
      }
    }
  }
}

void AttentionLayer::Forward(const LmPass& pass, std::vector<float>* x) {
  const uint64_t width = shape_.width;
  const uint64_t values = pass.rows() * width;
  norm_.Forward(pass, *x);
  scratch_->wide.resize(3 * values);
  Dense(pass.rows(), pass.table(shape_.Of(layer_, BlockTable::kQkvWeight)),
        pass.table(shape_.Of(layer_, BlockTable::kQkvBias)), norm_.out().data(),
        scratch_->wide.data());
  for (std::vector<float>* part : {&q_, &k_, &v_}) part->resize(values);
  Gather(pass, scratch_->wide.data(), 3 * width, 0, q_.data());
  Gather(pass, scratch_->wide.data(), 3 * width, width, k_.data());
  Gather(pass, scratch_->wide.data(), 3 * width, 2 * width, v_.data());

  scratch_->q.resize(values);
  const uint64_t of_head = pass.length * shape_.head_width();
  for (uint64_t at = 0; at < values; at += of_head) {
    if (rotary_ != nullptr) {
      rotary_->Turn(pass.length, &q_[at]);
      rotary_->Turn(pass.length, &k_[at]);
    }
    attention_.Forward(pass.length, &q_[at], &k_[at], &v_[at], &scratch_->q[at]);
  }
  attended_.resize(values);
  Scatter(pass, scratch_->q.data(), width, 0, attended_.data());

  scratch_->narrow.resize(values);
  Dense(pass.rows(), pass.table(shape_.Of(layer_, BlockTable::kOutWeight)),
        pass.table(shape_.Of(layer_, BlockTable::kOutBias)), attended_.data(),
        scratch_->narrow.data());
  if (pass.dropout != nullptr) {
    pass.dropout->Apply(2 * layer_, pass.first_row * width, absl::MakeSpan(scratch_->narrow));
  }
  AddScaled(1, scratch_->narrow, absl::MakeSpan(*x));
}

void AttentionLayer::Backward(const LmPass& pass, const LmGradients& gradients,
                              std::vector<float>* dx) {
  const uint64_t width = shape_.width;
  const uint64_t values = pass.rows() * width;
  const int out_weight = shape_.Of(layer_, BlockTable::kOutWeight);
  const int out_bias = shape_.Of(layer_, BlockTable::kOutBias);
  const int qkv_weight = shape_.Of(layer_, BlockTable::kQkvWeight);
  const int qkv_bias = shape_.Of(layer_, BlockTable::kQkvBias);

  scratch_->narrow = *dx;
  if (pass.dropout != nullptr) {
    pass.dropout->Apply(2 * layer_, pass.first_row * width, absl::MakeSpan(scratch_->narrow));
  }
  DenseWeightGradient(pass.rows(), width, width, attended_.data(), scratch_->narrow.data(),
                      gradients.table(out_weight));
  gradients.Ready(out_weight);
  DenseBiasGradient(pass.rows(), scratch_->narrow.data(), gradients.table(out_bias));
  gradients.Ready(out_bias);
  scratch_->wide.resize(3 * values);
  DenseInputGradient(pass.rows(), width, width, pass.table(out_weight), scratch_->narrow.data(),
                     scratch_->wide.data());

  // Of the heads' results; narrow is free again.
  Gather(pass, scratch_->wide.data(), width, 0, scratch_->narrow.data());
  for (std::vector<float>* part : {&scratch_->q, &scratch_->k, &scratch_->v}) part->resize(values);
  const uint64_t of_head = pass.length * shape_.head_width();
  for (uint64_t at = 0; at < values; at += of_head) {
    attention_.Backward(pass.length, &q_[at], &k_[at], &v_[at], &scratch_->narrow[at],
                        &scratch_->q[at], &scratch_->k[at], &scratch_->v[at]);
    if (rotary_ == nullptr) continue;
    rotary_->TurnBack(pass.length, &scratch_->q[at]);
    rotary_->TurnBack(pass.length, &scratch_->k[at]);
  }
  Scatter(pass, scratch_->q.data(), 3 * width, 0, scratch_->wide.data());
  Scatter(pass, scratch_->k.data(), 3 * width, width, scratch_->wide.data());
  Scatter(pass, scratch_->v.data(), 3 * width, 2 * width, scratch_->wide.data());

  DenseWeightGradient(pass.rows(), width, 3 * width, norm_.out().data(), scratch_->wide.data(),
                      gradients.table(qkv_weight));
  gradients.Ready(qkv_weight);
  DenseBiasGradient(pass.rows(), scratch_->wide.data(), gradients.table(qkv_bias));
  gradients.Ready(qkv_bias);
  DenseInputGradient(pass.rows(), width, 3 * width, pass.table(qkv_weight), scratch_->wide.data(),
                     scratch_->narrow.data());
  norm_.Backward(pass, gradients, scratch_->narrow, dx);
}

}  // namespace paceline::worker

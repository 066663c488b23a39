#include "worker/gpu/models/lm/gpu_lm_network.h"

#include "common/status/status_macros.h"
#include "proto/job.pb.h"
#include "worker/gpu/models/lm/column_gradient.h"
#include "worker/gpu/ops/embed_rows.h"
#include "worker/gpu/ops/one_hot.h"

namespace paceline::worker {

GpuLmNetwork::GpuLmNetwork(gpu::Gpu* gpu, const LmShape& shape)
    : gpu_(gpu),
      shape_(shape),
      exact_(gpu, v1::PRECISION_FLOAT32),
      scratch_(gpu),
      norm_(gpu, {.gain = shape.NormGain(), .bias = shape.NormBias()}, shape.width, &scratch_),
      cosines_(gpu, "cosines of positions"),
      sines_(gpu, "sines of positions"),
      embedding_rounded_(gpu, "rounded embeddings"),
      x_(gpu, "values between blocks"),
      logits_(gpu, "logits"),
      logits_gradient_(gpu, "gradients of logits") {
  for (uint64_t layer = 0; layer < shape.layers; ++layer) {
    attentions_.push_back(std::make_unique<GpuAttentionLayer>(gpu, shape, layer, &scratch_));
    feed_forwards_.push_back(std::make_unique<GpuFeedForward>(gpu, shape, layer, &scratch_));
  }
}

uint64_t GpuLmNetwork::BytesPerRow(const LmShape& shape, const Products& products) {
  // Of a block: two norms with two values each, q, k, v and what attention gave, and 4 * width
  // before and after gelu. Besides: x, the last norm, scratch, logits and attention's; and of
  // single values the inverse deviations of each norm, byte in, byte out and loss.
  const uint64_t values = (16 * shape.layers + 11) * shape.width + 2 * kByteValues +
                          2 * shape.heads * shape.context + 2 * shape.layers + 4;
  const bool rounded = products.half() != gpu::HalfType::kNone;
  return values * (sizeof(float) + (rounded ? sizeof(uint16_t) : 0));
}

gpu::Rotation GpuLmNetwork::rotation() const {
  if (shape_.learned_positions) return {};
  return {cosines_.as<float>(), sines_.as<float>()};
}

absl::Status GpuLmNetwork::Forward(const GpuLmPass& pass, const uint32_t* inputs) {
  const uint64_t width = shape_.width;
  const gpu::StreamHandle stream = pass.stream().get();
  const float* const embedding = pass.table(shape_.Embedding());
  if (!shape_.learned_positions) {
    const uint64_t bytes = pass.length * (shape_.head_width() / 2) * sizeof(float);
    PL_RETURN_IF_ERROR(cosines_.Reserve(bytes));
    PL_RETURN_IF_ERROR(sines_.Reserve(bytes));
    PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::RotaryTable(
        pass.length, shape_.head_width(), cosines_.as<float>(), sines_.as<float>(), stream)));
  }
  PL_RETURN_IF_ERROR(x_.Reserve(pass.rows() * width * sizeof(float)));
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::EmbedRows(pass.rows(), width, pass.length, inputs, embedding,
                     shape_.learned_positions ? pass.table(shape_.Positions()) : nullptr,
                     x_.as<float>(), stream)));
  for (uint64_t layer = 0; layer < shape_.layers; ++layer) {
    PL_RETURN_IF_ERROR(attentions_[layer]->Forward(pass, rotation(), x_.as<float>()));
    PL_RETURN_IF_ERROR(feed_forwards_[layer]->Forward(pass, x_.as<float>()));
  }
  PL_RETURN_IF_ERROR(norm_.Forward(pass, x_.as<float>()));
  PL_ASSIGN_OR_RETURN(embedding_, pass.products->Round(embedding, kByteValues * width,
                                                       &embedding_rounded_, pass.stream()));
  PL_RETURN_IF_ERROR(logits_.Reserve(pass.rows() * kByteValues * sizeof(float)));
  PL_RETURN_IF_ERROR(logits_gradient_.Reserve(*pass.products, pass.rows() * kByteValues));
  return pass.products->Multiply(
      {.transpose_b = true, .m = pass.rows(), .n = kByteValues, .k = width}, norm_.out(),
      embedding_, 1, logits(), pass.stream());
}

absl::Status GpuLmNetwork::Backward(const GpuLmPass& pass, const uint32_t* inputs,
                                    const GpuLmGradients& gradients) {
  const uint64_t values = pass.rows() * shape_.width;
  float* const dx = x_.as<float>();
  PL_RETURN_IF_ERROR(OutputBackward(pass, gradients));
  PL_RETURN_IF_ERROR(gpu_->Fill(dx, 0, values * sizeof(float), pass.stream().get()));
  PL_RETURN_IF_ERROR(norm_.Backward(pass, gradients, scratch_.narrow.values(), dx));
  for (uint64_t layer = shape_.layers; layer-- > 0;) {
    PL_RETURN_IF_ERROR(feed_forwards_[layer]->Backward(pass, gradients, dx));
    PL_RETURN_IF_ERROR(attentions_[layer]->Backward(pass, rotation(), gradients, dx));
  }
  return InputBackward(pass, inputs, gradients);
}

absl::Status GpuLmNetwork::OutputBackward(const GpuLmPass& pass, const GpuLmGradients& gradients) {
  const uint64_t width = shape_.width;
  PL_RETURN_IF_ERROR(pass.products->Multiply(
      {.transpose_a = true, .m = kByteValues, .n = width, .k = pass.rows(), .add = gradients.add},
      logits_gradient_.factor(), norm_.out(), 1 / pass.step->loss_scale,
      gradients.table(shape_.Embedding()), pass.stream()));
  return pass.products->Multiply({.m = pass.rows(), .n = width, .k = kByteValues},
                                 logits_gradient_.factor(), embedding_, 1, scratch_.narrow.values(),
                                 pass.stream());
}

absl::Status GpuLmNetwork::InputBackward(const GpuLmPass& pass, const uint32_t* inputs,
                                         const GpuLmGradients& gradients) {
  const uint64_t width = shape_.width;
  const float* const dx = x_.as<float>();
  if (shape_.learned_positions) {
    PL_RETURN_IF_ERROR(ColumnGradient(pass, gradients, shape_.Positions(), pass.sequences,
                                      pass.length * width, dx, &scratch_));
    PL_RETURN_IF_ERROR(gradients.Done(shape_.Positions()));
  }
  // To what the output layer left. Nobody needs the logits any more.
  PL_RETURN_IF_ERROR(
      gpu::ToStatus(gpu::OneHot(pass.rows(), kByteValues, inputs, logits(), pass.stream().get())));
  PL_RETURN_IF_ERROR(exact_.Multiply(
      {.transpose_a = true, .m = kByteValues, .n = width, .k = pass.rows(), .add = true},
      {.float32 = logits()}, {.float32 = dx}, 1 / pass.step->loss_scale,
      gradients.table(shape_.Embedding()), pass.stream()));
  return gradients.Done(shape_.Embedding());
}

}  // namespace paceline::worker

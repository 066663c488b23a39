#include "worker/gpu/models/lm/gpu_attention_layer.h"

#include <cmath>

#include "common/status/status_macros.h"
#include "worker/gpu/ops/causal_softmax.h"
#include "worker/gpu/ops/dropped.h"
#include "worker/gpu/runtime/handles.h"

namespace paceline::worker {

GpuAttentionLayer::GpuAttentionLayer(gpu::Gpu* gpu, const LmShape& shape, uint64_t layer,
                                     GpuLmScratch* scratch)
    : shape_(shape),
      layer_(layer),
      scale_(1 / std::sqrt(static_cast<float>(shape.head_width()))),
      scratch_(scratch),
      norm_(gpu,
            {.gain = shape.Of(layer, BlockTable::kAttentionNormGain),
             .bias = shape.Of(layer, BlockTable::kAttentionNormBias)},
            shape.width, scratch),
      qkv_(gpu,
           {.weight = shape.Of(layer, BlockTable::kQkvWeight),
            .bias = shape.Of(layer, BlockTable::kQkvBias)},
           shape.width, 3 * shape.width, scratch),
      out_(gpu,
           {.weight = shape.Of(layer, BlockTable::kOutWeight),
            .bias = shape.Of(layer, BlockTable::kOutBias)},
           shape.width, shape.width, scratch),
      q_(gpu, "queries"),
      k_(gpu, "keys"),
      v_(gpu, "values"),
      attended_(gpu, "results of attention") {}

gpu::HeadsShape GpuAttentionLayer::HeadsOf(const GpuLmPass& pass) const {
  return {pass.sequences, pass.length, shape_.heads, shape_.head_width()};
}

absl::Status GpuAttentionLayer::Multiply(const GpuLmPass& pass, Products::Shape shape,
                                         const Factor& a, const Factor& b, float* c) const {
  shape.batch = pass.sequences * shape_.heads;
  return pass.products->Multiply(shape, a, b, 1, c, pass.stream());
}

absl::Status GpuAttentionLayer::Probabilities(const GpuLmPass& pass) {
  const uint64_t matrices = pass.sequences * shape_.heads;
  const uint64_t length = pass.length;
  FactorBuffer& p = scratch_->p;
  PL_RETURN_IF_ERROR(p.Reserve(*pass.products, matrices * length * length));
  PL_RETURN_IF_ERROR(
      Multiply(pass, {.transpose_b = true, .m = length, .n = length, .k = shape_.head_width()},
               q_.factor(), k_.factor(), p.values()));
  return gpu::ToStatus(
      gpu::CausalSoftmax(matrices, length, scale_, p.values(), p.half(), pass.stream().get()));
}

absl::Status GpuAttentionLayer::Forward(const GpuLmPass& pass, const gpu::Rotation& rotation,
                                        float* x) {
  const uint64_t width = shape_.width;
  const uint64_t values = pass.rows() * width;
  const Products& products = *pass.products;
  const gpu::StreamHandle stream = pass.stream().get();
  const gpu::HeadsShape heads = HeadsOf(pass);
  FactorBuffer& wide = scratch_->wide;
  PL_RETURN_IF_ERROR(norm_.Forward(pass, x));
  PL_RETURN_IF_ERROR(wide.Reserve(products, 4 * values));
  PL_RETURN_IF_ERROR(qkv_.Forward(pass, norm_.out(), wide.values()));
  for (FactorBuffer* const part : {&q_, &k_, &v_}) {
    PL_RETURN_IF_ERROR(part->Reserve(products, values));
  }
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::SplitHeads(heads, PartOf(0), rotation, wide.values(), q_.values(), q_.half(), stream)));
  PL_RETURN_IF_ERROR(gpu::ToStatus(
      gpu::SplitHeads(heads, PartOf(1), rotation, wide.values(), k_.values(), k_.half(), stream)));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::SplitHeads(heads, PartOf(2), gpu::Rotation{}, wide.values(),
                                                   v_.values(), v_.half(), stream)));

  PL_RETURN_IF_ERROR(Probabilities(pass));
  // Each head's results; wide is free again.
  PL_RETURN_IF_ERROR(Multiply(pass, {.m = pass.length, .n = shape_.head_width(), .k = pass.length},
                              scratch_->p.factor(), v_.factor(), wide.values()));
  PL_RETURN_IF_ERROR(attended_.Reserve(products, values));
  PL_RETURN_IF_ERROR(
      gpu::ToStatus(gpu::MergeHeads(heads, {width, 0}, gpu::Rotation{}, wide.values(),
                                    attended_.values(), attended_.half(), stream)));

  PL_RETURN_IF_ERROR(scratch_->narrow.Reserve(products, values));
  PL_RETURN_IF_ERROR(out_.Forward(pass, attended_.factor(), scratch_->narrow.values()));
  return gpu::ToStatus(gpu::AddDropped(values, pass.MaskOf(2 * layer_, width),
                                       scratch_->narrow.values(), x, stream));
}

absl::Status GpuAttentionLayer::AttentionBackward(const GpuLmPass& pass, const Factor& dout) {
  const uint64_t length = pass.length;
  const uint64_t width = shape_.head_width();
  const uint64_t matrices = pass.sequences * shape_.heads;
  FactorBuffer& p = scratch_->p;
  FactorBuffer& dp = scratch_->dp;
  for (gpu::DeviceBuffer* const part : {&scratch_->q, &scratch_->k, &scratch_->v}) {
    PL_RETURN_IF_ERROR(part->Reserve(pass.rows() * shape_.width * sizeof(float)));
  }
  PL_RETURN_IF_ERROR(Probabilities(pass));
  PL_RETURN_IF_ERROR(Multiply(pass, {.transpose_a = true, .m = length, .n = width, .k = length},
                              p.factor(), dout, scratch_->v.as<float>()));
  PL_RETURN_IF_ERROR(dp.Reserve(*pass.products, matrices * length * length));
  PL_RETURN_IF_ERROR(Multiply(pass, {.transpose_b = true, .m = length, .n = length, .k = width},
                              dout, v_.factor(), dp.values()));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::CausalSoftmaxGradient(
      matrices, length, scale_, p.values(), dp.values(), dp.half(), pass.stream().get())));
  PL_RETURN_IF_ERROR(Multiply(pass, {.m = length, .n = width, .k = length}, dp.factor(),
                              k_.factor(), scratch_->q.as<float>()));
  return Multiply(pass, {.transpose_a = true, .m = length, .n = width, .k = length}, dp.factor(),
                  q_.factor(), scratch_->k.as<float>());
}

absl::Status GpuAttentionLayer::Backward(const GpuLmPass& pass, const gpu::Rotation& rotation,
                                         const GpuLmGradients& gradients, float* dx) {
  const uint64_t width = shape_.width;
  const uint64_t values = pass.rows() * width;
  const gpu::StreamHandle stream = pass.stream().get();
  const gpu::HeadsShape heads = HeadsOf(pass);
  FactorBuffer& narrow = scratch_->narrow;
  FactorBuffer& wide = scratch_->wide;
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::Dropped(values, pass.MaskOf(2 * layer_, width), dx,
                                                narrow.values(), narrow.half(), stream)));
  PL_RETURN_IF_ERROR(
      out_.Backward(pass, gradients, attended_.factor(), narrow.factor(), wide.values()));

  // Of the heads' results; narrow is free again.
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::SplitHeads(
      heads, {width, 0}, gpu::Rotation{}, wide.values(), narrow.values(), narrow.half(), stream)));
  PL_RETURN_IF_ERROR(AttentionBackward(pass, narrow.factor()));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::MergeHeads(
      heads, PartOf(0), rotation, scratch_->q.as<float>(), wide.values(), wide.half(), stream)));
  PL_RETURN_IF_ERROR(gpu::ToStatus(gpu::MergeHeads(
      heads, PartOf(1), rotation, scratch_->k.as<float>(), wide.values(), wide.half(), stream)));
  PL_RETURN_IF_ERROR(
      gpu::ToStatus(gpu::MergeHeads(heads, PartOf(2), gpu::Rotation{}, scratch_->v.as<float>(),
                                    wide.values(), wide.half(), stream)));
  PL_RETURN_IF_ERROR(qkv_.Backward(pass, gradients, norm_.out(), wide.factor(), narrow.values()));
  return norm_.Backward(pass, gradients, narrow.values(), dx);
}

}  // namespace paceline::worker

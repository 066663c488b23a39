#include "worker/core/models/lm/norm_layer.h"

#include "worker/core/models/lm/layer_norm.h"

namespace paceline::worker {

void NormLayer::Forward(const LmPass& pass, const std::vector<float>& x) {
  const TableRows& gain = pass.table(gain_);
  const uint64_t width = gain.rows.size();
  normal_.resize(pass.rows() * width);
  inverse_deviations_.resize(pass.rows());
  out_.resize(pass.rows() * width);
  LayerNorm(pass.rows(), width, x.data(), gain.rows.data(), pass.table(bias_).rows.data(),
            normal_.data(), inverse_deviations_.data(), out_.data());
}

void NormLayer::Backward(const LmPass& pass, const LmGradients& gradients,
                         const std::vector<float>& dout, std::vector<float>* dx) {
  const TableRows& gain = pass.table(gain_);
  LayerNormGradient(pass.rows(), gain.rows.size(), dout.data(), normal_.data(),
                    inverse_deviations_.data(), gain.rows.data(), dx->data(),
                    gradients.table(gain_)->rows.data(), gradients.table(bias_)->rows.data());
  gradients.Ready(gain_);
  gradients.Ready(bias_);
}

}  // namespace paceline::worker

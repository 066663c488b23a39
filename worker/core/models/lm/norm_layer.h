// A layer norm with its tables, and what its backward pass needs to remember.
#ifndef PACELINE_WORKER_CORE_MODELS_LM_NORM_LAYER_H_
#define PACELINE_WORKER_CORE_MODELS_LM_NORM_LAYER_H_

#include <cstdint>
#include <vector>

#include "worker/core/models/lm/lm_pass.h"

namespace paceline::worker {

// Thread-compatible.
class NormLayer {
 public:
  // Indices of its tables.
  NormLayer(int gain, int bias) : gain_(gain), bias_(bias) {}

  // From x [rows, width] to out().
  void Forward(const LmPass& pass, const std::vector<float>& x);

  // [rows, width], until the next Forward.
  const std::vector<float>& out() const { return out_; }

  // From the gradient of out(): adds that of x to dx, and those of the tables.
  void Backward(const LmPass& pass, const LmGradients& gradients, const std::vector<float>& dout,
                std::vector<float>* dx);

 private:
  const int gain_;
  const int bias_;
  std::vector<float> normal_;
  std::vector<float> inverse_deviations_;
  std::vector<float> out_;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODELS_LM_NORM_LAYER_H_

#include <algorithm>
#include <cmath>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Losses SoftmaxCrossEntropy(uint64_t n, uint32_t classes, const Floats& labels, float scale,
                           const Floats& logits) {
  Losses out;
  for (uint64_t i = 0; i < n; ++i) {
    const float* row = logits.data() + i * classes;
    const double largest = *std::max_element(row, row + classes);
    double sum = 0;
    for (uint32_t c = 0; c < classes; ++c) sum += std::exp(row[c] - largest);
    const uint32_t label = static_cast<uint32_t>(labels[i]);
    out.losses.push_back(largest + std::log(sum) - row[label]);
    for (uint32_t c = 0; c < classes; ++c) {
      out.scores.push_back(std::exp(row[c] - largest) / sum);
      out.gradient.push_back(scale * (out.scores.back() - (c == label)));
    }
  }
  return out;
}

}  // namespace paceline::gpu::reference

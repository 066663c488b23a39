#include <cmath>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Losses PointLoss(PointLossKind kind, const Floats& z, const Floats& labels, float scale) {
  Losses out;
  for (size_t i = 0; i < z.size(); ++i) {
    const double value = z[i];
    const double y = labels[i];
    if (kind == PointLossKind::kSquared) {
      out.scores.push_back(value);
      out.losses.push_back((value - y) * (value - y) / 2);
    } else {
      out.scores.push_back(1 / (1 + std::exp(-value)));
      // log(1 + exp(z)), from the side that does not overflow.
      out.losses.push_back(
          (value > 0 ? value + std::log1p(std::exp(-value)) : std::log1p(std::exp(value))) -
          y * value);
    }
    // sigmoid(z) - 1 = -sigmoid(-z), which loses nothing.
    const bool near_one = kind == PointLossKind::kLogistic && y == 1;
    out.gradient.push_back(scale * (near_one ? -1 / (1 + std::exp(value)) : out.scores.back() - y));
  }
  return out;
}

}  // namespace paceline::gpu::reference

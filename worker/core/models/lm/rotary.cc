#include "worker/core/models/lm/rotary.h"

#include <cmath>

#include "common/check.h"

namespace paceline::worker {

Rotary::Rotary(uint64_t context, uint64_t head_width) : pairs_(head_width / 2) {
  PL_CHECK_EQ(head_width % 2, 0u);
  for (uint64_t t = 0; t < context; ++t) {
    for (uint64_t i = 0; i < pairs_; ++i) {
      const double exponent = -2 * static_cast<double>(i) / static_cast<double>(head_width);
      const double angle = static_cast<double>(t) * std::pow(10000.0, exponent);
      cosines_.push_back(static_cast<float>(std::cos(angle)));
      sines_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

void Rotary::TurnBy(float direction, uint64_t positions, float* rows) const {
  PL_CHECK_LE(positions * pairs_, cosines_.size());
  const float* cosine = cosines_.data();
  const float* sine = sines_.data();
  for (uint64_t t = 0; t < positions; ++t, cosine += pairs_, sine += pairs_) {
    float* first = rows + t * 2 * pairs_;
    float* second = first + pairs_;
    for (uint64_t i = 0; i < pairs_; ++i) {
      const float a = first[i];
      const float b = second[i];
      const float s = direction * sine[i];
      first[i] = a * cosine[i] - b * s;
      second[i] = a * s + b * cosine[i];
    }
  }
}

}  // namespace paceline::worker

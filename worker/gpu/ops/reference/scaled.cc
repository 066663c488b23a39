#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles Scaled(const Floats& x, float factor) {
  Doubles scaled;
  for (const float value : x) scaled.push_back(double{value} * factor);
  return scaled;
}

}  // namespace paceline::gpu::reference

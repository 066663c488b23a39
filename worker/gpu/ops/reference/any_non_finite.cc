#include <cmath>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

bool AnyNonFinite(const Floats& x) {
  for (const float value : x) {
    if (!std::isfinite(value)) return true;
  }
  return false;
}

}  // namespace paceline::gpu::reference

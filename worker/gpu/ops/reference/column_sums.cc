#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles ColumnSums(uint64_t n, uint64_t m, const Floats& x, float factor) {
  Doubles sums(m);
  for (uint64_t i = 0; i < n; ++i) {
    for (uint64_t j = 0; j < m; ++j) sums[j] += x[i * m + j];
  }
  for (double& sum : sums) sum *= factor;
  return sums;
}

}  // namespace paceline::gpu::reference

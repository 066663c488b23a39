#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles FmGradient(const Records& records, uint32_t k, uint64_t row_count, const Floats& z_gradient,
                   const Floats& sums, const Floats& factors) {
  Doubles out(row_count * k);
  for (uint64_t i = 0; i < records.size(); ++i) {
    for (uint64_t e = records.offsets[i]; e < records.offsets[i + 1]; ++e) {
      const double x = records.values[e];
      for (uint64_t f = 0; f < k; ++f) {
        const uint64_t at = uint64_t{records.rows[e]} * k + f;
        out[at] += z_gradient[i] * x * (sums[i * k + f] - x * factors[at]);
      }
    }
  }
  return out;
}

}  // namespace paceline::gpu::reference

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles TableGradient(const Records& records, uint32_t dim, uint64_t row_count,
                      const Floats& gradient) {
  Doubles sums(row_count * dim);
  for (uint64_t i = 0; i < records.size(); ++i) {
    for (uint64_t e = records.offsets[i]; e < records.offsets[i + 1]; ++e) {
      for (uint64_t j = 0; j < dim; ++j) {
        sums[uint64_t{records.rows[e]} * dim + j] +=
            double{records.values[e]} * gradient[i * dim + j];
      }
    }
  }
  return sums;
}

}  // namespace paceline::gpu::reference

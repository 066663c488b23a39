#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles WeightedRows(const Records& records, uint32_t dim, const Floats& table, const Floats& out) {
  Doubles sums(out.begin(), out.end());
  for (uint64_t i = 0; i < records.size(); ++i) {
    for (uint64_t e = records.offsets[i]; e < records.offsets[i + 1]; ++e) {
      for (uint64_t j = 0; j < dim; ++j) {
        sums[i * dim + j] += double{records.values[e]} * table[uint64_t{records.rows[e]} * dim + j];
      }
    }
  }
  return sums;
}

}  // namespace paceline::gpu::reference

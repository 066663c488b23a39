#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

// Pair by pair, as the model is defined, not by the squares.
Interaction FmInteraction(const Records& records, uint32_t k, const Floats& factors,
                          const Floats& z) {
  Interaction out{Doubles(records.size() * k), Doubles(z.begin(), z.end())};
  for (uint64_t i = 0; i < records.size(); ++i) {
    for (uint64_t f = 0; f < k; ++f) {
      // The sum over the entries so far: each entry makes a pair with all of them.
      double before = 0;
      for (uint64_t e = records.offsets[i]; e < records.offsets[i + 1]; ++e) {
        const double term = double{records.values[e]} * factors[uint64_t{records.rows[e]} * k + f];
        out.z[i] += before * term;
        before += term;
      }
      out.sums[i * k + f] = before;
    }
  }
  return out;
}

}  // namespace paceline::gpu::reference

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles MfRating(const Ratings& ratings, uint32_t k, float bias, const Floats& user_bias,
                 const Floats& user, const Floats& item_bias, const Floats& item) {
  Doubles z;
  for (uint64_t i = 0; i < ratings.users.size(); ++i) {
    const uint64_t u = ratings.users[i];
    const uint64_t v = ratings.items[i];
    z.push_back(double{bias} + user_bias[u] + item_bias[v]);
    for (uint64_t f = 0; f < k; ++f) z.back() += double{user[u * k + f]} * item[v * k + f];
  }
  return z;
}

Doubles MfGradient(const std::vector<uint32_t>& rows, const std::vector<uint32_t>& other_rows,
                   uint32_t k, uint64_t row_count, const Floats& z_gradient, const Floats& other) {
  Doubles out(row_count * k);
  for (uint64_t i = 0; i < rows.size(); ++i) {
    for (uint64_t f = 0; f < k; ++f) {
      out[uint64_t{rows[i]} * k + f] +=
          double{z_gradient[i]} * other[uint64_t{other_rows[i]} * k + f];
    }
  }
  return out;
}

}  // namespace paceline::gpu::reference

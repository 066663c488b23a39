// What matrix factorization says of pairs of a user and an item
// (worker/core/models/mf/mf_runner.h):
//
//   z[i] = bias + user_bias[u] + item_bias[v] + sum_f user[u, f] item[v, f],
//          u = user_rows[i], v = item_rows[i]
//
// Shapes:   user_rows, item_rows [n]; bias [1]; user_bias [users], user [users, k], item_bias
//           [items], item [items, k], with more users and items than every row; z [n].
// Numerics: float32. The products of a pair are dealt to the threads that share it in turn,
//           and their sums are added as a tree: the order depends on k alone. It is added to
//           the biases last. Without factors (k = 0) nothing is launched.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_MF_RATING_H_
#define PACELINE_WORKER_GPU_OPS_MF_RATING_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

struct MfTables {
  const float* bias = nullptr;
  const float* user_bias = nullptr;
  const float* user = nullptr;
  const float* item_bias = nullptr;
  const float* item = nullptr;
};

Launched MfRating(uint64_t n, uint32_t k, const uint32_t* user_rows, const uint32_t* item_rows,
                  const MfTables& tables, float* z, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_MF_RATING_H_

// The pairwise term of a factorization machine (Rendle, ICDM 2010), in linear time:
//
//   sums[i, f] = sum_e x_e v[row_e, f],   e in record i
//   z[i]      += 1/2 sum_f (sums[i, f]^2 - sum_e (x_e v[row_e, f])^2)
//
// Shapes:   offsets [n + 1] ascending from 0, rows and values [offsets[n]]: the entries of
//           record i are those from offsets[i] to offsets[i + 1]; factors
//           [more than every row, k]; sums [n, k]; z [n] in and out.
// Numerics: float32. A record's entries are dealt to the threads that share it in turn, and
//           their sums are added as a tree: the order depends on the number of entries
//           and on the width alone. The
//           difference of the squares is taken per factor.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_FM_INTERACTION_H_
#define PACELINE_WORKER_GPU_OPS_FM_INTERACTION_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FmInteraction(uint64_t n, uint32_t k, const uint32_t* offsets, const uint32_t* rows,
                       const float* values, const float* factors, float* sums, float* z,
                       StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FM_INTERACTION_H_

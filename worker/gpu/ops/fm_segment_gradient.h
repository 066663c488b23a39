// The gradient of FmInteraction by the factors, for entries that are grouped by row:
//
//   out[r, f] = sum_e z_gradient[i_e] * x_e * (sums[i_e, f] - x_e v[r, f]),
//               r = segment_rows[s], i_e = records[e], e in segment s
//
// Shapes:   segment_offsets [segments + 1] ascending from 0, records and values
//           [segment_offsets[segments]]; segment_rows [segments] distinct;
//           z_gradient [more than every record]; sums [more than every record, k], as
//           FmInteraction left them; factors and out [more than every row, k]. Rows of no
//           segment stay as they are.
// Numerics: float32. A segment's entries are dealt to the threads that share it in turn, and
//           their sums are added as a tree: the order depends on the number of entries
//           and on the width alone.
// Deterministic. A segment of very many entries gets a block of threads.
#ifndef PACELINE_WORKER_GPU_OPS_FM_SEGMENT_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_FM_SEGMENT_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FmSegmentGradient(uint64_t segments, uint32_t k, const uint32_t* segment_rows,
                           const uint32_t* segment_offsets, const uint32_t* records,
                           const float* values, const float* z_gradient, const float* sums,
                           const float* factors, float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FM_SEGMENT_GRADIENT_H_

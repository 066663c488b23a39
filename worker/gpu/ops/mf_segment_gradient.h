// The gradient of MfRating by the factors of the users (or of the items), for pairs that are
// grouped by user (by item):
//
//   out[segment_rows[s], f] = sum_e z_gradient[i_e] * other[other_rows[i_e], f],
//                             i_e = records[e], e in segment s
//
// Shapes:   segment_offsets [segments + 1] ascending; records, of which segment s has those
//           from segment_offsets[s] to segment_offsets[s + 1]; segment_rows [segments]
//           distinct; z_gradient and other_rows [more than every record]; other and out [more
//           than every row, k]. Rows of no segment stay as they are.
// Numerics: float32. A segment's pairs are dealt to the threads that share it in turn, and
//           their sums are added as a tree: the order depends on the number of pairs and on
//           the width alone.
// Deterministic. A segment of very many pairs gets a block of threads.
#ifndef PACELINE_WORKER_GPU_OPS_MF_SEGMENT_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_MF_SEGMENT_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched MfSegmentGradient(uint64_t segments, uint32_t k, const uint32_t* segment_rows,
                           const uint32_t* segment_offsets, const uint32_t* records,
                           const float* z_gradient, const uint32_t* other_rows, const float* other,
                           float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_MF_SEGMENT_GRADIENT_H_

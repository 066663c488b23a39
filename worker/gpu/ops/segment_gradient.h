// The gradient of WeightedRows by the table, for entries that are grouped by row:
//
//   out[segment_rows[s], :] = sum_e values[e] * gradient[records[e], :],   e in segment s
//
// Shapes:   segment_offsets [segments + 1] ascending; records and values, of which segment s
//           has those from segment_offsets[s] to segment_offsets[s + 1]; segment_rows
//           [segments] distinct; gradient [more than every record, dim]; out [more than every
//           row, dim]. Rows of no segment stay as they are.
// Numerics: float32. A segment's entries are dealt to the threads that share it in turn, and
//           their sums are added as a tree: the order depends on the number of entries
//           and on the width alone.
// Deterministic. A segment of very many entries (a feature that every record has) gets a
// block of threads.
#ifndef PACELINE_WORKER_GPU_OPS_SEGMENT_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_SEGMENT_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched SegmentGradient(uint64_t segments, uint32_t dim, const uint32_t* segment_rows,
                         const uint32_t* segment_offsets, const uint32_t* records,
                         const float* values, const float* gradient, float* out,
                         StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_SEGMENT_GRADIENT_H_

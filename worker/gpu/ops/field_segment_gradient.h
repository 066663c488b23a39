// The gradient of a table that records read by the keys of their fields (EmbedFields,
// FieldSums), for keys that are grouped by row:
//
//   out[r, :] = factor * sum_e gradient[i_e, f_e step : f_e step + k],   e in segment s,
//               r = segment_rows[s], i_e = places[e] / fields, f_e = places[e] % fields
//
// step = k: each field of a record has its own vector of the gradient; step = 0: they have
// the same.
//
// Shapes:   segment_offsets [segments + 1] ascending from 0; places [segment_offsets[segments]]:
//           a key's place in [n, fields]; segment_rows [segments] distinct; gradient
//           [n, stride], its first values those of the fields; out [more than every row, k].
//           Rows of no segment stay as they are.
// Numerics: float32. A segment's entries are dealt to the threads that share it in turn, and
//           their sums are added as a tree: the order depends on the number of entries
//           and on the width alone. One multiplication by the factor at the end.
// Deterministic. A segment of very many entries (a key that most records have) gets a block
// of threads.
#ifndef PACELINE_WORKER_GPU_OPS_FIELD_SEGMENT_GRADIENT_H_
#define PACELINE_WORKER_GPU_OPS_FIELD_SEGMENT_GRADIENT_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FieldSegmentGradient(uint64_t segments, uint32_t k, uint32_t fields, uint32_t stride,
                              uint32_t step, const uint32_t* segment_rows,
                              const uint32_t* segment_offsets, const uint32_t* places,
                              const float* gradient, float factor, float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FIELD_SEGMENT_GRADIENT_H_

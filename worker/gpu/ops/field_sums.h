// The linear part of a click model: adds the weights of a record's keys.
//
//   z[i] += sum_f weights[rows[i, f]]
//
// Shapes:   rows [n, fields]; weights [more than every row]; z [n] in and out.
// Numerics: float32. A record's fields are dealt to the threads that share it in turn, and
//           their sums are added as a tree: the order depends on the number of fields alone.
//           What stood in z is added last.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_FIELD_SUMS_H_
#define PACELINE_WORKER_GPU_OPS_FIELD_SUMS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched FieldSums(uint64_t n, uint32_t fields, const uint32_t* rows, const float* weights,
                   float* z, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_FIELD_SUMS_H_

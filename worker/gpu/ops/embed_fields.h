// What the layers of a click model get of a record: the vectors of its embedded fields, one
// behind the other, then its numbers.
//
//   x[i, f k + j]      = factors[rows[i, f], j]    f < fields, j < k
//   x[i, fields k + m] = numbers[i, m]             m < number_count
//
// Shapes:   rows [n, fields]; factors [more than every row, k]; numbers [n, number_count]; x
//           and half [n, fields k + number_count].
// Numerics: x exact; half rounded to nearest even.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_EMBED_FIELDS_H_
#define PACELINE_WORKER_GPU_OPS_EMBED_FIELDS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched EmbedFields(uint64_t n, uint32_t fields, uint32_t k, uint32_t number_count,
                     const uint32_t* rows, const float* factors, const float* numbers, float* x,
                     HalfOut half, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_EMBED_FIELDS_H_

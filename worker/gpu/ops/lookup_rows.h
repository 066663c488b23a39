// The rows at which features stand in a sparse table: binary search.
//
//   rows[i] = j with keys[j] == features[i]
//
// Shapes:   features [count] uint64, keys [key_count] uint64, ascending and distinct;
//           rows [count] uint32, first_missing [1] uint32. key_count and count below 2^32.
// Deterministic: a minimum does not depend on its order.
#ifndef PACELINE_WORKER_GPU_OPS_LOOKUP_ROWS_H_
#define PACELINE_WORKER_GPU_OPS_LOOKUP_ROWS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// *first_missing, UINT32_MAX before, becomes the smallest position whose feature is
// none of the keys; rows of those are 0.
Launched LookupRows(uint64_t count, const uint64_t* features, uint64_t key_count,
                    const uint64_t* keys, uint32_t* rows, uint32_t* first_missing,
                    StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_LOOKUP_ROWS_H_

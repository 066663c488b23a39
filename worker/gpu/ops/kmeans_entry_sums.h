// The sums of the records of each cluster, for entries that are grouped by feature:
//
//   out[c, feature] = sum_e values[e]     e in group g with nearest[records[e]] = c,
//                                         feature = group_features[g]
//
// Shapes:   group_offsets [groups + 1] ascending from 0; records and values
//           [group_offsets[groups]]; group_features [groups] distinct; nearest [more than
//           every record]; out [clusters, features + 1]. Features of no group, and the last
//           column (KMeansSums counts), stay as they are.
// Numerics: a sum is one thread's, in float64 and in the order of the group, rounded once: of
//           entries in the order of the records the bits of the CPU.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_KMEANS_ENTRY_SUMS_H_
#define PACELINE_WORKER_GPU_OPS_KMEANS_ENTRY_SUMS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched KMeansEntrySums(uint64_t groups, uint32_t clusters, uint64_t features,
                         const uint32_t* group_features, const uint32_t* group_offsets,
                         const uint32_t* records, const float* values, const uint32_t* nearest,
                         float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_KMEANS_ENTRY_SUMS_H_

// The sums and numbers of the records of each cluster: what k-means pushes.
//
//   out[c, f]        = sum_i x[i, f]     i with nearest[i] = c
//   out[c, features] = the number of them
//
// Shapes:   x [n, features], or null: only the numbers are written; nearest [n]; out
//           [clusters, features + 1].
// Numerics: a sum is one thread's, in float64 and in the order of the records, rounded once:
//           the bits of the CPU, for all finite data; exact for whole numbers below 2^24 in all.
// Deterministic. Takes n steps however few clusters and features there are.
#ifndef PACELINE_WORKER_GPU_OPS_KMEANS_SUMS_H_
#define PACELINE_WORKER_GPU_OPS_KMEANS_SUMS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched KMeansSums(uint64_t n, uint32_t clusters, uint64_t features, const float* x,
                    const uint32_t* nearest, float* out, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_KMEANS_SUMS_H_

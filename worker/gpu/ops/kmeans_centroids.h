// Where the clusters of k-means are (worker/core/models/kmeans/kmeans_runner.h):
//
//   centroids[f, c] = sums[c, f] / sums[c, features]   of a cluster with points,
//                     seeds[c, f]                      of others; infinity without seeds
//
// Shapes:   sums [clusters, features + 1], the last column the number of points; seeds
//           [clusters, features] or null; centroids [features, clusters] float64: what
//           neighbouring threads of KMeansNearest read lies side by side.
// Numerics: float64, one rounding: the bits of the CPU.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_KMEANS_CENTROIDS_H_
#define PACELINE_WORKER_GPU_OPS_KMEANS_CENTROIDS_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

Launched KMeansCentroids(uint32_t clusters, uint64_t features, const float* sums,
                         const float* seeds, double* centroids, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_KMEANS_CENTROIDS_H_

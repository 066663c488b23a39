// The nearest centroid of each record, of equally near ones the first:
//
//   d[c]       = sum_f (x[i, f] - centroids[f, c])^2
//   nearest[i] = the smallest c whose d[c] is smallest;  score nearest[i], loss d[nearest[i]]
//
// Shapes:   x as KMeansRecords has it; centroids [features, clusters] float64, as
//           KMeansCentroids leaves them; nearest [n] uint32; scores and losses [n].
// Numerics: a distance is one thread's: the plain sum over the features, in their order and
//           in float64, no product fused with a sum. Those are the bits of the CPU
//           (worker/core/math/point_table.h), and so the assignment is the same, ties
//           included, for all finite data. A loss is rounded once. Without a distance that is a
//           number the nearest is 0 and the loss NaN.
// Deterministic.
#ifndef PACELINE_WORKER_GPU_OPS_KMEANS_NEAREST_H_
#define PACELINE_WORKER_GPU_OPS_KMEANS_NEAREST_H_

#include <cstdint>

#include "worker/gpu/ops/launch.h"

namespace paceline::gpu {

// Dense: values [n, features], the others null. Else the entries of record i are those from
// offsets[i] to offsets[i + 1], of ascending features; what is not there is 0.
struct KMeansRecords {
  const float* values = nullptr;
  const uint32_t* offsets = nullptr;
  const uint32_t* features = nullptr;
};

// clusters > 0.
Launched KMeansNearest(uint64_t n, uint32_t clusters, uint64_t features,
                       const KMeansRecords& records, const double* centroids, uint32_t* nearest,
                       float* scores, float* losses, StreamHandle stream);

}  // namespace paceline::gpu

#endif  // PACELINE_WORKER_GPU_OPS_KMEANS_NEAREST_H_

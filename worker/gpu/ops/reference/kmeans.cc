#include <cmath>

#include "worker/gpu/ops/reference/reference.h"

namespace paceline::gpu::reference {

Doubles KMeansCentroids(uint32_t clusters, uint64_t features, const Floats& sums,
                        const Floats& seeds) {
  Doubles centroids;
  for (uint64_t c = 0; c < clusters; ++c) {
    const float* const row = sums.data() + c * (features + 1);
    for (uint64_t f = 0; f < features; ++f) {
      const double seed = seeds.empty() ? INFINITY : double{seeds[c * features + f]};
      centroids.push_back(row[features] > 0 ? double{row[f]} / row[features] : seed);
    }
  }
  return centroids;
}

Assigned KMeansNearest(uint64_t n, uint32_t clusters, uint64_t features, const Floats& x,
                       const Doubles& centroids) {
  Assigned assigned;
  for (uint64_t i = 0; i < n; ++i) {
    uint32_t nearest = 0;
    double least = NAN;
    for (uint32_t c = 0; c < clusters; ++c) {
      double distance = 0;
      for (uint64_t f = 0; f < features; ++f) {
        const double difference = x[i * features + f] - centroids[c * features + f];
        const double square = difference * difference;
        distance += square;
      }
      if (distance < least || (std::isnan(least) && !std::isnan(distance))) {
        nearest = c;
        least = distance;
      }
    }
    assigned.nearest.push_back(nearest);
    assigned.losses.push_back(least);
  }
  return assigned;
}

Doubles KMeansSums(uint32_t clusters, uint64_t features, const Floats& x,
                   const std::vector<uint32_t>& nearest) {
  Doubles sums(clusters * (features + 1));
  for (uint64_t i = 0; i < nearest.size(); ++i) {
    double* const row = sums.data() + nearest[i] * (features + 1);
    for (uint64_t f = 0; f < features; ++f) row[f] += x[i * features + f];
    row[features] += 1;
  }
  return sums;
}

}  // namespace paceline::gpu::reference

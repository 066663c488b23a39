#include <cmath>

#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/kmeans_centroids.h"

namespace paceline::gpu {
namespace {

__global__ void __launch_bounds__(kThreads)
    KMeansCentroidsKernel(uint32_t clusters, uint64_t features, const float* sums,
                          const float* seeds, double* centroids) {
  const uint64_t count = features * clusters;
  const uint64_t step = uint64_t{gridDim.x} * blockDim.x;
  for (uint64_t i = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint64_t feature = i / clusters;
    const uint64_t cluster = i % clusters;
    const float* const row = sums + cluster * (features + 1);
    const double points = row[features];
    double value = INFINITY;
    if (points > 0) {
      value = double{row[feature]} / points;
    } else if (seeds != nullptr) {
      value = seeds[cluster * features + feature];
    }
    centroids[i] = value;
  }
}

}  // namespace

Launched KMeansCentroids(uint32_t clusters, uint64_t features, const float* sums,
                         const float* seeds, double* centroids, StreamHandle stream) {
  if (clusters == 0 || features == 0) return {};
  return Launch("KMeansCentroids: cudaLaunchKernel", KMeansCentroidsKernel,
                BlocksFor(features * clusters), kThreads, stream, clusters, features, sums, seeds,
                centroids);
}

}  // namespace paceline::gpu

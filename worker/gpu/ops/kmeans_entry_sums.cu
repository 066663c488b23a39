#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/kmeans_entry_sums.h"

namespace paceline::gpu {
namespace {

// A thread has a cluster of a group; its neighbours read the same entries.
__global__ void __launch_bounds__(kThreads)
    KMeansEntrySumsKernel(uint64_t groups, uint32_t clusters, uint64_t features,
                          const uint32_t* group_features, const uint32_t* group_offsets,
                          const uint32_t* records, const float* values, const uint32_t* nearest,
                          float* out) {
  const uint64_t count = groups * clusters;
  const uint64_t step = uint64_t{gridDim.x} * blockDim.x;
  for (uint64_t at = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; at < count; at += step) {
    const uint64_t group = at / clusters;
    const uint64_t cluster = at % clusters;
    const uint64_t end = group_offsets[group + 1];
    double sum = 0;
    PL_UNROLL_4
    for (uint64_t e = group_offsets[group]; e < end; ++e) {
      if (nearest[records[e]] == cluster) sum += values[e];
    }
    out[cluster * (features + 1) + group_features[group]] = static_cast<float>(sum);
  }
}

}  // namespace

Launched KMeansEntrySums(uint64_t groups, uint32_t clusters, uint64_t features,
                         const uint32_t* group_features, const uint32_t* group_offsets,
                         const uint32_t* records, const float* values, const uint32_t* nearest,
                         float* out, StreamHandle stream) {
  if (groups == 0 || clusters == 0) return {};
  return Launch("KMeansEntrySums: cudaLaunchKernel", KMeansEntrySumsKernel,
                BlocksFor(groups * clusters), kThreads, stream, groups, clusters, features,
                group_features, group_offsets, records, values, nearest, out);
}

}  // namespace paceline::gpu

#include "worker/gpu/ops/device.cuh"
#include "worker/gpu/ops/lookup_rows.h"

namespace paceline::gpu {
namespace {

__global__ void __launch_bounds__(kThreads)
    LookupRowsKernel(uint64_t count, const uint64_t* features, uint64_t key_count,
                     const uint64_t* keys, uint32_t* rows, uint32_t* first_missing) {
  const uint64_t step = uint64_t{gridDim.x} * blockDim.x;
  for (uint64_t i = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint64_t feature = features[i];
    // The first key that is not below the feature.
    uint64_t low = 0;
    uint64_t high = key_count;
    while (low < high) {
      const uint64_t middle = low + (high - low) / 2;
      if (keys[middle] < feature) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const bool found = low < key_count && keys[low] == feature;
    rows[i] = found ? static_cast<uint32_t>(low) : 0;
    if (!found) atomicMin(first_missing, static_cast<uint32_t>(i));
  }
}

}  // namespace

Launched LookupRows(uint64_t count, const uint64_t* features, uint64_t key_count,
                    const uint64_t* keys, uint32_t* rows, uint32_t* first_missing,
                    StreamHandle stream) {
  if (count == 0) return {};
  return Launch("LookupRows: cudaLaunchKernel", LookupRowsKernel, BlocksFor(count), kThreads,
                stream, count, features, key_count, keys, rows, first_missing);
}

}  // namespace paceline::gpu
